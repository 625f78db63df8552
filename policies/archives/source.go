package archives

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// source is the container's bytes. It remembers the reader's own failures, so
// that a broken connection is never mistaken for a broken archive, and holds the
// end of the container, where everything about it is written.
type source struct {
	ctx  context.Context //nolint:containedctx // an io.ReaderAt has no other way to hear of a cancellation
	r    io.ReaderAt
	size int64

	tail   []byte
	tailAt int64

	mu  sync.Mutex
	err error
}

// failure returns the reader's first own error.
func (s *source) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *source) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	return err
}

// or sorts an error of something that read through s: the reader's own failure
// goes first, otherwise the container is to blame.
func (s *source) or(f *Finding) error {
	if err := s.failure(); err != nil {
		return err
	}
	return f
}

// ReadAt serves the held end from memory. Within the size an end of the reader
// is its failure: the object is shorter than someone said.
func (s *source) ReadAt(p []byte, off int64) (int, error) {
	if off >= s.size || off < 0 {
		return 0, io.EOF
	}
	if s.tail != nil && off >= s.tailAt {
		n := copy(p, s.tail[off-s.tailAt:])
		if n < len(p) {
			return n, io.EOF
		}
		return n, nil
	}
	if err := s.ctx.Err(); err != nil {
		return 0, s.fail(err)
	}
	want := min(int64(len(p)), s.size-off)
	n, err := s.r.ReadAt(p[:want], off)
	switch {
	case int64(n) == want && want == int64(len(p)):
		return n, nil
	case int64(n) == want:
		return n, io.EOF
	case err == nil, errors.Is(err, io.EOF):
		return n, s.fail(fmt.Errorf("read archive at %d: it ends %d bytes early: %w", off, s.size-off-int64(n), io.ErrUnexpectedEOF))
	}
	return n, s.fail(fmt.Errorf("read archive at %d: %w", off, err))
}

// bytes reads one range.
func (s *source) bytes(off, n int64) ([]byte, error) {
	p := make([]byte, n)
	got, err := s.ReadAt(p, off)
	if int64(got) == n {
		return p, nil
	}
	return nil, err
}

// holdFrom makes everything from off to the end come from memory, reading only
// what is not held yet.
func (s *source) holdFrom(off int64) error {
	if s.tail == nil {
		s.tailAt = s.size
	}
	if off >= s.tailAt {
		return nil
	}
	front, err := s.bytes(off, s.tailAt-off)
	if err != nil {
		return err
	}
	s.tail, s.tailAt = append(front, s.tail...), off
	return nil
}
