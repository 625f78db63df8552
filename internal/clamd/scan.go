package clamd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"
)

// leftoverTimeout bounds the look for an answer that the daemon may have left
// before it hung up in the middle of a stream. It is already in the socket's
// buffer or it will never come.
const leftoverTimeout = time.Second

// Scan gives the daemon exactly size bytes of r and returns its verdict.
//
// An error of r is returned as r's, wrapped: errors.Is and errors.As find it. A
// source that ends before or goes on after size bytes is ErrSourceSize. In both
// cases the daemon never judges a prefix. A read of r that blocks is r's to
// bound: give it the same context.
func (c *Client) Scan(ctx context.Context, r io.Reader, size int64) (Verdict, error) {
	if size < 0 {
		return Verdict{}, fmt.Errorf("scan stream: size %d: %w", size, ErrSourceSize)
	}
	verdict, err := c.scan(ctx, r, size)
	if err != nil {
		return Verdict{}, fmt.Errorf("scan stream: %w", err)
	}
	return verdict, nil
}

// scan keeps small content in memory, if there is room, and streams the rest.
func (c *Client) scan(ctx context.Context, r io.Reader, size int64) (Verdict, error) {
	if size == 0 || size > c.memoryBytes {
		return c.stream(ctx, r, size)
	}
	select {
	case c.memorySlots <- struct{}{}:
		defer func() { <-c.memorySlots }()
		return c.sendDescriptor(ctx, r, size)
	default:
		return c.stream(ctx, r, size)
	}
}

// stream sends the bytes by INSTREAM.
func (c *Client) stream(ctx context.Context, r io.Reader, size int64) (Verdict, error) {
	s, err := c.open(ctx, "INSTREAM")
	if err != nil {
		return Verdict{}, err
	}
	defer s.close()
	if err := c.send(s, r, size); err != nil {
		return Verdict{}, err
	}
	raw, err := s.readReply(c.verdict)
	if err != nil {
		return Verdict{}, orTooLarge(raw, err)
	}
	return parseVerdict(raw, streamReply)
}

// send writes the stream as chunks and ends it, only once the source has proved
// to be exactly as long as announced.
func (c *Client) send(s *session, r io.Reader, size int64) error {
	buf := c.buffers.Get().(*[]byte)
	defer c.buffers.Put(buf)
	err := copyChunks(r, size, (*buf)[headerSize:], func(n int) error { return s.writeChunk((*buf)[:headerSize+n]) })
	if err != nil {
		return err
	}
	return s.writeChunk((*buf)[:headerSize])
}

// copyChunks reads exactly size bytes of r, one piece after another into the same
// memory, and reports the length of each to write.
func copyChunks(r io.Reader, size int64, piece []byte, write func(n int) error) error {
	for done := int64(0); done < size; {
		n, err := readChunk(r, piece, size-done)
		if err != nil {
			return fmt.Errorf("read source after byte %d of %d: %w", done, size, err)
		}
		if err := write(n); err != nil {
			return err
		}
		done += int64(n)
	}
	if err := expectEnd(r); err != nil {
		return fmt.Errorf("read source after its last byte %d: %w", size, err)
	}
	return nil
}

// readChunk fills dst with as much as the rest of the stream asks for.
func readChunk(r io.Reader, dst []byte, left int64) (int, error) {
	n, err := io.ReadFull(r, dst[:min(int64(len(dst)), left)])
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return n, fmt.Errorf("it ended %d bytes early: %w: %w", left-int64(n), err, ErrSourceSize)
	}
	return n, err
}

// maxEmptyReads is how often a source may return nothing and no error before
// it is given up, as the standard library's readers do.
const maxEmptyReads = 100

// expectEnd reads on for one byte, which must not be there. A source that
// reports a late error here, such as a checksum, is heard too.
func expectEnd(r io.Reader) error {
	var one [1]byte
	for range maxEmptyReads {
		n, err := r.Read(one[:])
		switch {
		case n > 0:
			return fmt.Errorf("it goes on: %w", ErrSourceSize)
		case err == io.EOF: // only the bare io.EOF means the end, a wrapped one is a failure
			return nil
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}

// writeChunk writes one chunk, its length filled into the header in front of
// it so that both leave in one system call. An empty chunk ends the stream.
func (s *session) writeChunk(chunk []byte) error {
	if s.answered() {
		return s.leftover(fmt.Errorf("clamd answered before the end of the stream: %w", ErrUnavailable))
	}
	binary.BigEndian.PutUint32(chunk, uint32(len(chunk)-headerSize))
	if err := s.write(chunk); err != nil {
		return s.leftover(err)
	}
	return nil
}

// answered reports whether something can be read although the stream is not
// over. It peeks, so a later read still gets everything.
func (s *session) answered() bool {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return false
	}
	waiting := false
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		n, _, peekErr := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		waiting = peekErr == nil && n > 0
	})
	return err == nil && waiting
}

// leftover explains a stream that broke off: clamd answers that its size limit
// is passed and hangs up, and the writer only sees the broken pipe.
func (s *session) leftover(err error) error {
	if s.ctx.Err() != nil {
		return err
	}
	raw, _ := s.readReply(leftoverTimeout)
	return orTooLarge(raw, err)
}

func orTooLarge(raw []byte, err error) error {
	if _, parsed := parseVerdict(raw, streamReply); errors.Is(parsed, ErrTooLarge) {
		return ErrTooLarge
	}
	return err
}
