package envelope

import (
	"errors"
	"fmt"
	"io"
)

// Opener gives the plain text of what it reads from the store.
type Opener struct {
	key   *Key
	src   io.ReadCloser
	place place
	left  int64 // encrypted bytes that are still to come
	next  int64 // number of the next segment
	skip  int
	want  int64 // bytes that are still wanted, or below zero for all
	last  bool  // the last segment was read

	fetcher *fetcher // of a long range
	buffer  *[sealed]byte
	rest    []byte // plain text that was not given yet
	into    []byte // of the caller of Read, with room for a segment; nil: none
	direct  bool   // rest lies there
	err     error
}

// Open decrypts a range of an object. src gives the bytes of r, or fewer where the object
// ends before; size says how many it gives, so that a connection that broke is not taken for
// the end. Closing it closes src.
func (k *Key) Open(role string, src io.ReadCloser, r Range, size int64) *Opener {
	o := &Opener{key: k, src: src, place: k.place(role), left: size, next: r.first, skip: r.skip, want: r.want}
	if size >= worthAhead {
		o.fetcher = fetch(src, size)
	}
	return o
}

// Read gives plain text, and none that was not authenticated.
func (o *Opener) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(p) >= Segment {
		o.into = p
		defer func() { o.into = nil }()
	}
	if err := o.more(); err != nil {
		return 0, err
	}
	if o.direct {
		o.direct = false
		n := len(o.rest)
		o.rest = nil
		return n, nil
	}
	n := copy(p, o.rest)
	o.rest = o.rest[n:]
	return n, nil
}

// WriteTo writes the plain text a segment at a time.
func (o *Opener) WriteTo(w io.Writer) (total int64, err error) {
	for {
		if err := o.more(); errors.Is(err, io.EOF) {
			return total, nil
		} else if err != nil {
			return total, err
		}
		n, err := w.Write(o.rest)
		total += int64(n)
		o.rest = o.rest[n:]
		if err != nil {
			return total, err
		}
	}
}

// Close closes the source. It leaves the buffer alone: another goroutine may be reading, and
// what it reads must not become another object's.
func (o *Opener) Close() error {
	if o.fetcher != nil {
		o.fetcher.stop()
	}
	return o.src.Close()
}

// end is called by who reads.
func (o *Opener) end(err error) {
	o.err, o.rest = err, nil
	if o.fetcher != nil {
		o.fetcher.end()
	}
	if o.buffer != nil {
		buffers.Put(o.buffer)
		o.buffer = nil
	}
}

// more sees to it that there is plain text to give. It ends with io.EOF.
func (o *Opener) more() error {
	for len(o.rest) == 0 && o.err == nil {
		if err := o.fill(); err != nil {
			o.end(err)
		}
	}
	return o.err
}

// fill decrypts the next segment in its place in the buffer, or where the caller of Read wants it.
func (o *Opener) fill() error {
	switch {
	case o.want == 0, o.last && o.left == 0:
		return io.EOF
	case o.left <= 0, o.last:
		return ErrAltered // it ends before its last segment, or goes on behind it
	}
	n := min(o.left, sealed)
	if n < overhead {
		return ErrAltered
	}
	b, err := o.segment(int(n))
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("read encrypted bytes: %w", err)
	}
	o.left -= n
	o.last = n < sealed
	to := b[nonceSize:nonceSize]
	o.direct = false
	if o.into != nil && o.skip == 0 {
		to, o.direct = o.into[:0], true
	}
	plain, err := o.key.aead.Open(to, b[:nonceSize], b[nonceSize:], o.place.of(o.next, o.last))
	if err != nil {
		return ErrAltered
	}
	o.next++
	return o.take(plain)
}

// segment reads the next n bytes.
func (o *Opener) segment(n int) ([]byte, error) {
	if o.fetcher != nil {
		return o.fetcher.next(n)
	}
	if o.buffer == nil {
		o.buffer = buffers.Get().(*[sealed]byte)
	}
	_, err := io.ReadFull(o.src, o.buffer[:n])
	return o.buffer[:n], err
}

// take keeps what was asked for of a segment.
func (o *Opener) take(plain []byte) error {
	if o.skip > len(plain) {
		return io.EOF // the range begins behind the end
	}
	plain, o.skip = plain[o.skip:], 0
	if o.want >= 0 {
		plain = plain[:min(o.want, int64(len(plain)))]
		o.want -= int64(len(plain))
	}
	o.rest = plain
	return nil
}
