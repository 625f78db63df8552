package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// maxRecord bounds what is read of a record.
const maxRecord = 64 << 10

// Records is a bucket of small objects that are read and written whole.
type Records struct {
	bucket *Bucket
	absent error
}

// RecordsOf gives a bucket as such. A record that is not there gives absent.
func RecordsOf(b *Bucket, absent error) Records { return Records{b, absent} }

// Get reads a record.
func (r Records) Get(ctx context.Context, name string) ([]byte, error) {
	body, err := r.bucket.Open(ctx, name, "", 0, -1)
	if errors.Is(err, ErrMissing) {
		return nil, r.absent
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	record, err := io.ReadAll(io.LimitReader(body, maxRecord))
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	return record, nil
}

// Add writes a record that is not there, and says whether it did.
func (r Records) Add(ctx context.Context, name string, record []byte) (bool, error) {
	opts := put("")
	opts.SetMatchETagExcept("*")
	_, err := r.bucket.core.Client.PutObject(ctx, r.bucket.name, name, bytes.NewReader(record), int64(len(record)), opts)
	if err = classify(err); errors.Is(err, ErrChanged) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("add record: %w", err)
	}
	return true, nil
}

// Replace writes a record in the place of another, and says whether it did: one that is not
// there, or another one than was read, stays as it is.
func (r Records) Replace(ctx context.Context, name string, was, record []byte) (bool, error) {
	o, err := r.bucket.Stat(ctx, name)
	if errors.Is(err, ErrMissing) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	body, err := r.bucket.Open(ctx, name, o.ETag, 0, -1)
	if errors.Is(err, ErrMissing) || errors.Is(err, ErrChanged) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	is, err := io.ReadAll(io.LimitReader(body, maxRecord))
	if err = errors.Join(err, body.Close()); err != nil {
		return false, fmt.Errorf("read record: %w", err)
	}
	if !bytes.Equal(is, was) {
		return false, nil
	}
	return r.bucket.PutMatching(ctx, name, o.ETag, record)
}

// PutMatching writes a record in the place of the object with that ETag, and says false where
// there is another one or none.
func (b *Bucket) PutMatching(ctx context.Context, name, etag string, record []byte) (bool, error) {
	opts := put("")
	opts.SetMatchETag(etag)
	_, err := b.core.Client.PutObject(ctx, b.name, name, bytes.NewReader(record), int64(len(record)), opts)
	if err = classify(err); errors.Is(err, ErrChanged) || errors.Is(err, ErrMissing) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("replace record: %w", err)
	}
	return true, nil
}

// Remove removes a record.
func (r Records) Remove(ctx context.Context, name string) error { return r.bucket.Remove(ctx, name) }

// Names gives the names of records, in order.
func (r Records) Names(ctx context.Context, prefix, after string, visit func(name string) error) error {
	for o, err := range r.bucket.ListAfter(ctx, prefix, after) {
		if err != nil {
			return err
		}
		if err := visit(o.Key); err != nil {
			return err
		}
	}
	return nil
}
