package clamd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// errNoDescriptor means that the daemon cannot receive file descriptors: a proxy
// passes bytes only, or the daemon's sandbox forbids it.
var errNoDescriptor = errors.New("it cannot take descriptors")

// sendDescriptor reads the stream into a sealed memfd, which even this process cannot
// change afterwards, and passes it by FILDES. What the daemon sees is what was read
// from r, and no byte more or less. A daemon that cannot take it gets the same
// memory as a stream.
func (c *Client) sendDescriptor(ctx context.Context, r io.Reader, size int64) (Verdict, error) {
	memory, err := newMemory()
	if err != nil {
		return c.stream(ctx, r, size) // no byte of r was read
	}
	defer func() { _ = memory.Close() }()
	if err := c.fillMemory(memory, r, size); err != nil {
		return Verdict{}, err
	}
	verdict, err := c.passDescriptor(ctx, memory)
	if errors.Is(err, errNoDescriptor) {
		return c.stream(ctx, io.NewSectionReader(memory, 0, size), size)
	}
	return verdict, err
}

func (c *Client) fillMemory(memory *os.File, r io.Reader, size int64) error {
	buf := c.buffers.Get().(*[]byte)
	defer c.buffers.Put(buf)
	err := copyChunks(r, size, *buf, func(n int) error {
		if _, err := memory.Write((*buf)[:n]); err != nil {
			return fmt.Errorf("hold in memory: %w: %w", err, ErrUnavailable)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := seal(memory); err != nil {
		return fmt.Errorf("seal memory: %w: %w", err, ErrUnavailable)
	}
	return nil
}

// passDescriptor sends the descriptor and waits for the verdict. An answer that is
// there before the descriptor left cannot be about it.
func (c *Client) passDescriptor(ctx context.Context, memory *os.File) (Verdict, error) {
	s, err := c.open(ctx, "FILDES")
	if err != nil {
		return Verdict{}, err
	}
	defer s.close()
	if s.answered() {
		return Verdict{}, fmt.Errorf("clamd answered before it was given anything: %w", ErrUnavailable)
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.idle)); err != nil {
		return Verdict{}, failure(ctx, "hand memory to clamd", err)
	}
	// The descriptor needs a byte to travel with.
	if _, _, err := s.conn.WriteMsgUnix([]byte{0}, syscall.UnixRights(int(memory.Fd())), nil); err != nil {
		return Verdict{}, failure(ctx, "hand memory to clamd", err)
	}
	raw, err := s.readReply(c.verdict)
	if err != nil {
		return Verdict{}, err
	}
	verdict, err := parseVerdict(raw, descriptorReply)
	if errors.Is(err, ErrTooLarge) { // which is about streams
		return Verdict{}, fmt.Errorf("clamd's answer %.80q is no verdict: %w", raw, ErrUnavailable)
	}
	return verdict, err
}
