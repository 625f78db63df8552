package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// ranges reads a stored object like a file, one ranged read of the store for
// each stretch that is asked for. Nothing is buffered.
type ranges struct {
	ctx     context.Context
	from    Source
	content Content
	spans   []span // that are sent; none: the whole. Reading past one costs another read
	at      int64
	end     int64 // of the stretch that is open
	whole   bool  // which is all of the object
	body    io.ReadCloser
	err     error // the store's, to tell it from the client's going away
}

// Seek moves the next read. A stretch that was open is given up.
func (r *ranges) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.content.Size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	if offset != r.at {
		r.close()
	}
	r.at = offset
	return offset, nil
}

// Read opens the store where the last read ended.
func (r *ranges) Read(p []byte) (int, error) {
	if r.at >= r.content.Size {
		return 0, io.EOF
	}
	if r.body == nil {
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	n, err := r.body.Read(p)
	r.at += int64(n)
	switch {
	case r.at >= r.end: // the next piece may begin here, and this body has no more
		if r.whole { // the empty segment behind an encrypted text is still to be read
			_, _ = r.body.Read(make([]byte, 1))
		}
		r.close()
		if errors.Is(err, io.EOF) {
			err = nil
		}
	case errors.Is(err, io.EOF):
		r.close()
		if err = nil; n == 0 {
			err = io.ErrUnexpectedEOF
			r.err = fmt.Errorf("the object is shorter than its row says: %w", err)
		}
	}
	if err != nil && r.err == nil {
		r.err = err
	}
	return n, err
}

func (r *ranges) open() error {
	r.end = r.content.Size
	for _, s := range r.spans {
		if s.from <= r.at && r.at < s.to {
			r.end = s.to
		}
	}
	length := r.end - r.at
	// A store that gives a range may be slower than where it gives all, and of a text of whole
	// segments a range is not all that it has.
	if r.whole = r.at == 0 && r.end == r.content.Size; r.whole {
		length = -1
	}
	r.body, r.err = r.from.Open(r.ctx, r.content.Key, r.content.ObjectETag, r.at, length)
	return r.err
}

func (r *ranges) close() {
	if r.body != nil {
		_ = r.body.Close()
		r.body = nil
	}
}
