package inspect

import (
	"context"
	"fmt"
	"io"
)

// ahead is how much one request to the store fetches at least: the reader of a
// directory asks for small adjacent pieces, and a request costs more than
// the bytes.
const ahead = 64 << 10

// ranges is a remote object as an io.ReaderAt. It keeps the last range that was
// fetched, which is all the memory it takes. It is not safe for concurrent use.
type ranges struct {
	ctx       context.Context //nolint:containedctx // an io.ReaderAt has no other way to hear of a cancellation
	source    Source
	key, etag string
	size      int64

	held []byte
	at   int64
}

// ReadAt fills p from the object, fetching what is not held.
func (r *ranges) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= r.size {
		return 0, io.EOF
	}
	want := min(int64(len(p)), r.size-off)
	if off < r.at || off+want > r.at+int64(len(r.held)) {
		if err := r.fetch(off, max(want, ahead)); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.held[off-r.at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (r *ranges) fetch(off, length int64) error {
	length = min(length, r.size-off)
	body, err := r.source.Open(r.ctx, r.key, r.etag, off, length)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	buf := make([]byte, length)
	if n, err := io.ReadFull(body, buf); err != nil {
		return fmt.Errorf("read %d bytes at %d, got %d: %w", length, off, n, err)
	}
	r.held, r.at = buf, off
	return nil
}

// Whole reads the object from its first byte to its last, in one request.
func (r *ranges) Whole() (io.ReadCloser, error) {
	return r.source.Open(r.ctx, r.key, r.etag, 0, -1)
}
