package delivery

import (
	"errors"
	"io"
	"sync"
)

// piece is how many bytes of a large body are read at once, while those before them are sent.
const piece = 128 << 10

var pieceBuffers = sync.Pool{New: func() any { return new([piece]byte) }}

// ahead is what was read, and the error that ended the reading.
type ahead struct {
	buffer *[piece]byte
	n      int
	err    error
}

// ReadFrom is what io.Copy calls. A large body is read and decrypted on one core while the piece
// before it is sent on another; a small one is not worth a goroutine. It returns after the
// last read has ended, since who called it closes what is read.
func (l *deferredHeader) ReadFrom(src io.Reader) (int64, error) {
	if limited, ok := src.(*io.LimitedReader); !ok || limited.N <= 2*piece || l.byPiece {
		return io.Copy(struct{ io.Writer }{l}, src)
	}
	free, read := make(chan *[piece]byte, 2), make(chan ahead, 2)
	for range 2 {
		free <- pieceBuffers.Get().(*[piece]byte)
	}
	go readAhead(src, free, read)
	var sent int64
	var failed error
	for p := range read {
		if failed == nil {
			var n int
			n, failed = l.pass(p)
			if sent += int64(n); failed != nil {
				l.stop() // a store that hangs is not waited for
				close(free)
			}
		}
		if failed == nil && p.err == nil {
			free <- p.buffer
		} else {
			pieceBuffers.Put(p.buffer)
		}
	}
	for len(free) > 0 {
		pieceBuffers.Put(<-free)
	}
	return sent, failed
}

// atOnce is how much is written at once: each write has the same time, however slow the client is.
const atOnce = 32 << 10

// pass sends what was read. The end of what is read is no error.
func (l *deferredHeader) pass(p ahead) (n int, err error) {
	for n < p.n && err == nil {
		var m int
		m, err = l.Write(p.buffer[n:min(p.n, n+atOnce)])
		n += m
	}
	if err == nil && !errors.Is(p.err, io.EOF) {
		err = p.err
	}
	return n, err
}

// readAhead fills free buffers until the end, an error, or the end of free, and closes read.
func readAhead(src io.Reader, free <-chan *[piece]byte, read chan<- ahead) {
	defer close(read)
	for b := range free {
		p := ahead{buffer: b}
		for p.n < piece && p.err == nil {
			var n int
			n, p.err = src.Read(b[p.n:])
			p.n += n
		}
		read <- p
		if p.err != nil {
			return
		}
	}
}
