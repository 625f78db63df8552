package uploads

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"satchel/api/uploads/ingest"
	"satchel/internal/envelope"
	"satchel/internal/fault"
	"satchel/internal/s3"
	"satchel/tenancy"
)

// verdict is what becomes of one call to a port.
type verdict int

const (
	works   verdict = iota
	refused         // nothing happened, and an error came
	unheard         // it happened, and an error came all the same

	keyAlone   // of a new object, its key was stored and its bytes were not
	bytesAlone // its bytes were stored and its key was not
)

var errInjected = fault.New(fault.Unavailable, "store_unavailable", "Injected.")

// faults decides about every call, in order. The zero value lets all work.
type faults struct {
	mu     sync.Mutex
	calls  []string
	decide func(n int, op string) verdict
}

func (f *faults) next(op string) verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, op)
	if f.decide == nil {
		return works
	}
	return f.decide(len(f.calls), op)
}

func (f *faults) made() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

func (f *faults) set(decide func(n int, op string) verdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.decide = nil, decide
}

// call runs f under a verdict.
func call[T any](fs *faults, op string, f func() (T, error)) (T, error) {
	var zero T
	switch fs.next(op) {
	case refused:
		return zero, errInjected
	case unheard:
		if _, err := f(); err != nil {
			return zero, err
		}
		return zero, errInjected
	case works, keyAlone, bytesAlone:
	}
	return f()
}

func callErr(fs *faults, op string, f func() error) error {
	_, err := call(fs, op, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// faultyBucket puts faults before a bucket.
type faultyBucket struct {
	ingest.Bucket
	faults *faults
}

func (b faultyBucket) Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (string, error) {
	return call(b.faults, "Put", func() (string, error) { return b.Bucket.Put(ctx, key, body, size, contentType) })
}

func (b faultyBucket) PutWithSHA256(ctx context.Context, key string, body io.ReadSeeker, size int64, sum []byte) (string, error) {
	return call(b.faults, "Put", func() (string, error) { return b.Bucket.PutWithSHA256(ctx, key, body, size, sum) })
}

func (b faultyBucket) PutWithKey(ctx context.Context, key string, body io.ReadSeeker, size int64, sum []byte, keyTime time.Duration) (string, error) {
	switch b.faults.next("Put") {
	case refused:
		return "", errInjected
	case keyAlone:
		return "", errors.Join(b.Prepare(ctx, key), errInjected)
	case bytesAlone:
		_, err := b.Bucket.PutWithSHA256(ctx, key, body, size, sum)
		return "", errors.Join(err, errInjected)
	case unheard:
		_, err := b.Bucket.PutWithKey(ctx, key, body, size, sum, keyTime)
		return "", errors.Join(err, errInjected)
	case works:
	}
	return b.Bucket.PutWithKey(ctx, key, body, size, sum, keyTime)
}

func (b faultyBucket) Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error) {
	return call(b.faults, "Open", func() (io.ReadCloser, error) { return b.Bucket.Open(ctx, key, etag, offset, length) })
}

func (b faultyBucket) Stat(ctx context.Context, key string) (s3.Object, error) {
	return call(b.faults, "Stat", func() (s3.Object, error) { return b.Bucket.Stat(ctx, key) })
}

func (b faultyBucket) Remove(ctx context.Context, key string) error {
	return callErr(b.faults, "Remove", func() error { return b.Bucket.Remove(ctx, key) })
}

func (b faultyBucket) DropKey(ctx context.Context, key string) error {
	return callErr(b.faults, "DropKey", func() error { return b.Bucket.DropKey(ctx, key) })
}

func (b faultyBucket) CreateMultipart(ctx context.Context, key string) (string, error) {
	return call(b.faults, "CreateMultipart", func() (string, error) { return b.Bucket.CreateMultipart(ctx, key) })
}

func (b faultyBucket) PutPart(ctx context.Context, key, upload string, number int, at envelope.Span, body io.Reader, size int64) (string, error) {
	return call(b.faults, "PutPart", func() (string, error) { return b.Bucket.PutPart(ctx, key, upload, number, at, body, size) })
}

func (b faultyBucket) CompleteMultipart(ctx context.Context, key, upload string, parts []s3.Part) (string, error) {
	return call(b.faults, "CompleteMultipart", func() (string, error) { return b.Bucket.CompleteMultipart(ctx, key, upload, parts) })
}

func (b faultyBucket) AbortMultipart(ctx context.Context, key, upload string) error {
	return callErr(b.faults, "AbortMultipart", func() error { return b.Bucket.AbortMultipart(ctx, key, upload) })
}

func (b faultyBucket) ListPending(ctx context.Context, prefix string) ([]s3.PendingUpload, error) {
	return call(b.faults, "ListPending", func() ([]s3.PendingUpload, error) { return b.Bucket.ListPending(ctx, prefix) })
}

// faultyTenants puts faults before transactions.
type faultyTenants struct {
	ingest.Tenants
	faults *faults
}

func (d faultyTenants) InTx(ctx context.Context, org tenancy.OrgID, f func(*tenancy.Tx) error) error {
	return callErr(d.faults, "InTx", func() error { return d.Tenants.InTx(ctx, org, f) })
}

var errCut = errors.New("cut by the test")

// cutReader ends with an error after what it holds.
type cutReader struct{ r io.Reader }

func (c cutReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err == io.EOF {
		err = errCut
	}
	return n, err
}
