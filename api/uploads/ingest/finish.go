package ingest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/s3"
	"satchel/tenancy"
)

// finish makes the received bytes one object and the version one that waits for
// its workflow. The row's offset reaches the size only in the transaction that
// also receives the version: there is no state "complete, but no one finished",
// and a client that got no answer sends its last bytes again.
func (in *Stream) finish(ctx context.Context) error {
	if err := in.waitPart(); err != nil {
		return err
	}
	if in.BeforeFinish != nil {
		if err := in.BeforeFinish(); err != nil {
			return err
		}
	}
	digest, sum, err := in.checkSum()
	if err != nil {
		return errors.Join(err, in.ingest.Withdraw(ctx, in.org, in.id, files.Rejected, files.ErrChecksum.Code))
	}
	if err := in.reserve(ctx, in.received); err != nil {
		return err
	}
	etag, last, err := in.storeLastBytes(ctx, digest)
	if err != nil {
		return err
	}
	if err := in.receive(ctx, files.Received{Upload: in.id, Size: in.received, SHA256: sum, ETag: etag}, last); err != nil {
		return err
	}
	in.ingest.Metrics.End(in.protocol, nil)
	in.removeTail(ctx)
	in.abortUnrecorded(ctx)
	return nil
}

// checkSum gives the SHA-256 of what was read, and refuses another one than was announced.
func (in *Stream) checkSum() (digest []byte, sum string, err error) {
	digest = in.sum.Sum(nil)
	sum = hex.EncodeToString(digest)
	if in.wantSHA256 != "" && in.wantSHA256 != sum {
		in.ingest.Metrics.End(in.protocol, files.ErrChecksum)
		return nil, "", files.ErrChecksum
	}
	return digest, sum, nil
}

// StoreWhole stores what ReadPart brought as the object of a version that has no rows yet, and its data key beside it:
// both are durable when it returns without an error. What it has stored when it fails is for Discard.
func (in *Stream) StoreWhole(ctx context.Context, version uuid.UUID) (files.Received, error) {
	digest, sum, err := in.checkSum()
	if err != nil {
		return files.Received{}, err
	}
	in.id = version
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	etag, err := in.ingest.Staging.PutWithKey(ctx, files.StagingKey(in.org, in.id), in.spools[in.current].reader(in.buffered), in.buffered, digest, rowTimeout)
	if err != nil {
		return files.Received{}, fmt.Errorf("store the file: %w", err)
	}
	in.ingest.Metrics.parts.WithLabelValues(in.protocol).Inc()
	return files.Received{Upload: version, Size: in.received, SHA256: sum, ETag: etag}, nil
}

// NoteReceived says that a transaction of the caller's has received the file.
func (in *Stream) NoteReceived(at time.Time) {
	in.receivedAt = at
	in.ingest.Metrics.End(in.protocol, nil)
}

// storeLastBytes stores the remaining bytes: as one plain object when no parts
// were sent before, else as the last part. The plain object is stored with its
// SHA-256, so that the store refuses other bytes.
func (in *Stream) storeLastBytes(ctx context.Context, digest []byte) (etag string, last *files.Part, err error) {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	key := files.StagingKey(in.org, in.id)
	if in.multipartID == "" {
		etag, err = in.ingest.Staging.PutWithSHA256(ctx, key, in.spools[in.current].reader(in.buffered), in.buffered, digest)
		if err != nil {
			return "", nil, fmt.Errorf("store the file: %w", err)
		}
		in.ingest.Metrics.parts.WithLabelValues(in.protocol).Inc()
		return etag, nil, nil
	}
	if in.buffered > 0 {
		p := &partUpload{spool: in.spools[in.current], size: in.buffered, to: in.received, number: in.saved.parts + 1, last: true}
		if last, err = in.putPart(ctx, p); err != nil {
			return "", nil, err
		}
		if last == nil {
			etag, err = in.findCompleted(ctx, in.received)
			return etag, nil, err
		}
	}
	etag, err = in.completeMultipart(ctx, last)
	return etag, last, err
}

// completeMultipart makes the parts one object. A multipart upload that is gone has been
// joined by an earlier request. The store is asked for the object even when it
// says that it joined: versitygw answers a second join of an upload with
// success and the ETag of whatever parts it was given.
func (in *Stream) completeMultipart(ctx context.Context, last *files.Part) (string, error) {
	rows, err := files.Parts(ctx, in.ingest.Tenants.Single(in.org), in.id)
	if err != nil {
		return "", fmt.Errorf("list parts: %w", err)
	}
	if last != nil {
		// A row of that number would be of a part that was never counted.
		for len(rows) > 0 && rows[len(rows)-1].Number >= last.Number {
			rows = rows[:len(rows)-1]
		}
		rows = append(rows, *last)
	}
	parts := make([]s3.Part, len(rows))
	for i, r := range rows {
		parts[i] = s3.Part{Number: int(r.Number), ETag: r.Etag}
	}
	_, err = in.ingest.Staging.CompleteMultipart(ctx, files.StagingKey(in.org, in.id), in.multipartID, parts)
	if err != nil && !errors.Is(err, s3.ErrMissing) {
		return "", err
	}
	return in.findCompleted(ctx, in.received)
}

// receive moves the offset to the end and the version to its workflow, both or
// neither. A failed commit may have happened all the same: the row is asked.
func (in *Stream) receive(ctx context.Context, r files.Received, last *files.Part) error {
	p := in.progress(files.Progress{To: in.received, Part: last, Last: true}, in.saved)
	var err error
	for range 3 {
		if err = in.receiveOnce(ctx, p, r); err == nil {
			break
		}
		if in.isReceived(ctx) {
			err = nil
			break
		}
		if fault.KindOf(err) != fault.Unavailable {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("record the end of the upload: %w", err)
	}
	in.offset, in.tail = in.received, 0
	return nil
}

func (in *Stream) receiveOnce(ctx context.Context, p files.Progress, r files.Received) error {
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	var at time.Time
	err := in.ingest.Tenants.InTx(ctx, in.org, func(tx *tenancy.Tx) (err error) {
		if err := files.Advance(ctx, tx, p); err != nil {
			return err
		}
		at, err = files.ReceiveAt(ctx, tx, r)
		return err
	})
	if err == nil {
		in.receivedAt = at
	}
	return err
}

// isReceived says whether this writer's own transaction went through. The version may have
// come to an end of the pipeline since: a small file takes a moment.
func (in *Stream) isReceived(ctx context.Context) bool {
	_, _, ok := in.FindReceived(ctx)
	return ok
}

// FindReceived is isReceived, and gives what the row names.
func (in *Stream) FindReceived(ctx context.Context) (file uuid.UUID, number int32, ok bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rowTimeout)
	defer cancel()
	row, err := files.GetUpload(ctx, in.ingest.Tenants.Single(in.org), in.id)
	withdrawn := row.Status == files.Uploading || row.Status == files.Failed || row.Status == files.Expired || row.Status == files.Deleted
	ok = err == nil && row.FinishedAt != nil && !withdrawn &&
		row.LeaseHolder == in.holder && row.OffsetBytes == in.received
	return row.FileID, row.Number, ok
}

// removeTail comes after the transaction, which may still fail and need it. A
// tail that outlives its upload is removed with the staged object, by the step that ends
// the version.
func (in *Stream) removeTail(ctx context.Context) {
	if !in.saved.tailed {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if err := in.ingest.Staging.Remove(ctx, files.TailKey(in.org, in.id)); err != nil {
		in.ingest.Log.WarnContext(ctx, "remove tail object failed; the end of the version removes it", "organization", in.org, "version", in.id, "error", err)
	}
}

// abortUnrecorded removes the multipart upload that an earlier request began and could not
// record, when the file came as one plain object after all. Only a file of more than a part has
// such requests; one that begins a multipart upload clears them itself (createMultipart).
func (in *Stream) abortUnrecorded(ctx context.Context) {
	if in.multipartID != "" || in.protocol == Form || in.received <= in.ingest.Sizes.MinPart {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if err := in.ingest.abortAll(ctx, files.StagingKey(in.org, in.id)); err != nil {
		in.ingest.Log.WarnContext(ctx, "abort multipart uploads that no row knows failed; reconciler will retry", "organization", in.org, "version", in.id, "error", err)
	}
}
