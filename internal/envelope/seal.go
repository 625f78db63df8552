package envelope

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// buffers hold one segment each. Those of a reader that is not read to its end go with it.
var buffers = sync.Pool{New: func() any { return new([sealed]byte) }}

// Sealer gives a plain text as it lies in the store.
type Sealer struct {
	key    *Key
	src    io.Reader
	place  place
	span   Span
	length int64 // of the plain text

	mu     sync.Mutex // a client that sends again may still be reading for the first time
	at     int64      // bytes of plain text that were read
	ended  bool       // the last segment was given
	buffer *[sealed]byte
	rest   []byte // of the segment in the buffer

	keep   bool
	nonces [][nonceSize]byte // by segment, when they are kept
	kept   []*[sealed]byte   // by segment, where there was room to keep them whole
	room   int64             // that was taken for them; zero: none was
	closed bool
}

// keptAtMost is how many bytes of cipher text a process keeps at once, to send what it has taken
// a checksum of. Texts for which there is no room at the moment are encrypted twice.
const keptAtMost = 32 << 20

var room = semaphore.NewWeighted(keptAtMost)

// Seal encrypts exactly length bytes of src, which are that part of an object. The role
// says what the object is to its version.
func (k *Key) Seal(role string, span Span, src io.Reader, length int64) *Sealer {
	return &Sealer{key: k, src: src, place: k.place(role), span: span, length: length}
}

// Repeatable lets the same bytes come when the text is read again from its beginning, so
// that a checksum can be taken first. The cipher text is kept where there is room. Else the
// text must not change in between: its segments are encrypted again with the nonces that they
// had. Close it when it was sent.
func (s *Sealer) Repeatable() *Sealer {
	s.keep = true
	if n := (s.length/Segment + 1) * sealed; n <= keptAtMost && room.TryAcquire(n) { // whole buffers
		s.room = n
	}
	return s
}

// Sum adds the whole cipher text to a checksum, and begins again.
func (s *Sealer) Sum(h hash.Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.rewind(); err != nil {
		return err
	}
	if err := s.sealAhead(); err != nil {
		return err
	}
	for !s.ended {
		if err := s.fill(); err != nil {
			return err
		}
		_, _ = h.Write(s.rest)
	}
	return s.rewind()
}

var errSealerClosed = errors.New("the encrypted bytes are not kept any more")

// Close gives up what was kept. A client that still reads, of a request that failed, gets an
// error, and nothing of what the memory holds next.
func (s *Sealer) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed, s.rest = true, nil
	for _, b := range s.kept {
		buffers.Put(b)
	}
	s.kept = nil
	room.Release(s.room)
	s.release()
}

// Read gives encrypted bytes.
func (s *Sealer) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errSealerClosed
	}
	if len(s.rest) == 0 {
		if s.ended {
			s.release()
			return 0, io.EOF
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *Sealer) release() {
	if s.buffer != nil {
		buffers.Put(s.buffer)
		s.buffer = nil
	}
}

// fill encrypts the next segment in its place in the buffer.
func (s *Sealer) fill() error {
	n := min(s.length-s.at, Segment)
	index := s.at / Segment
	last := n < Segment
	if index < int64(len(s.kept)) {
		s.rest = s.kept[index][:n+overhead]
	} else if err := s.seal(index, n, last); err != nil {
		return err
	}
	s.at += n
	s.ended = last || s.at == s.length && !s.span.Last
	return nil
}

func (s *Sealer) seal(index, n int64, last bool) error {
	if s.buffer == nil {
		s.buffer = buffers.Get().(*[sealed]byte)
	}
	b := s.buffer[:]
	if _, err := io.ReadFull(s.src, b[nonceSize:nonceSize+n]); err != nil {
		return notRead(err)
	}
	s.nonce(int(index), b[:nonceSize])
	s.rest = s.key.aead.Seal(b[:nonceSize], b[:nonceSize], b[nonceSize:nonceSize+n], s.place.of(s.span.Offset/Segment+index, last))
	if s.room > 0 {
		s.kept = append(s.kept, s.buffer)
		s.buffer = nil
	}
	return nil
}

func notRead(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read what is to be encrypted: %w", err)
}

// worthTwo is from how many bytes on a text is encrypted on two cores.
const worthTwo = 8 * Segment

// sealAhead encrypts all whole segments of a text that is kept, every other one on another core. It
// does nothing where the text is short, is not kept, or can only be read in its order.
func (s *Sealer) sealAhead() error {
	src, ok := s.src.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok || s.room == 0 || s.length < worthTwo || len(s.kept) > 0 {
		return nil
	}
	const workers = 2
	whole := make([]*[sealed]byte, s.length/Segment)
	var all errgroup.Group
	for first := range workers {
		all.Go(func() error {
			own := place{bytes.Clone(s.place.data)}
			for i := first; i < len(whole); i += workers {
				whole[i] = buffers.Get().(*[sealed]byte)
				if err := s.sealAt(src, own, whole[i][:], int64(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	s.kept = whole
	if _, err := src.Seek(int64(len(whole))*Segment, io.SeekStart); err != nil {
		return fmt.Errorf("read on in what is to be encrypted: %w", err)
	}
	return nil
}

// sealAt encrypts a whole segment.
func (s *Sealer) sealAt(src io.ReaderAt, own place, b []byte, index int64) error {
	text := b[nonceSize : nonceSize+Segment]
	if n, err := src.ReadAt(text, index*Segment); n < Segment {
		return notRead(err)
	}
	_, _ = rand.Read(b[:nonceSize]) // it never fails
	s.key.aead.Seal(b[:nonceSize], b[:nonceSize], text, own.of(s.span.Offset/Segment+index, false))
	return nil
}

func (s *Sealer) nonce(index int, to []byte) {
	if s.keep && index < len(s.nonces) {
		copy(to, s.nonces[index][:])
		return
	}
	_, _ = rand.Read(to) // it never fails: crypto/rand ends the program instead
	if s.keep {
		s.nonces = append(s.nonces, [nonceSize]byte(to))
	}
}

// Rewind begins again. Unless the sealer is repeatable, other nonces are taken.
func (s *Sealer) Rewind() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rewind()
}

func (s *Sealer) rewind() error {
	back, ok := s.src.(io.Seeker)
	if !ok {
		return errors.New("what is to be encrypted cannot be read again")
	}
	if _, err := back.Seek(min(int64(len(s.kept))*Segment, s.length), io.SeekStart); err != nil {
		return fmt.Errorf("read again what is to be encrypted: %w", err)
	}
	s.at, s.ended, s.rest = 0, false, nil
	return nil
}

// Body gives the encrypted bytes to a client, which can send them again if the text can be
// read again.
func (s *Sealer) Body() io.Reader {
	if _, ok := s.src.(io.Seeker); ok {
		return seekable{s}
	}
	return s
}

// seekable seeks to the beginning, which is all that a client needs that sends again.
type seekable struct{ *Sealer }

func (s seekable) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, errors.New("encrypted bytes are read from their beginning only")
	}
	return 0, s.Rewind()
}
