package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ranges reads a stored object like a file, one ranged read of the store for
// each stretch that is asked for. Nothing is buffered.
type ranges struct {
	ctx     context.Context
	from    Source
	content Content
	until   int64 // where the client's range ends: reading past it costs a second read
	at      int64
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
	if errors.Is(err, io.EOF) {
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
	end := r.content.Size
	if r.at < r.until {
		end = r.until
	}
	r.body, r.err = r.from.Open(r.ctx, r.content.Key, r.content.ObjectETag, r.at, end-r.at)
	return r.err
}

func (r *ranges) close() {
	if r.body != nil {
		_ = r.body.Close()
		r.body = nil
	}
}

// endOf says where a plain range "bytes=a-b" ends, else the object's end. It is
// only a hint of how much to ask of the store: http.ServeContent decides what
// is sent, and reading further merely opens the store once more.
func endOf(header string, size int64) int64 {
	_, last, ok := strings.Cut(strings.TrimPrefix(header, "bytes="), "-")
	if !ok || strings.HasPrefix(header, "bytes=-") {
		return size
	}
	n, err := strconv.ParseInt(strings.TrimSpace(last), 10, 64)
	if err != nil || n >= size-1 || n < 0 {
		return size
	}
	return n + 1
}
