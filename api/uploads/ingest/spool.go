package ingest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"satchel/internal/fault"
)

// ErrSpoolFull says that the disk of the spool has no room. It is an operator's
// to solve; a client tries again later.
var ErrSpoolFull = fault.New(fault.Unavailable, "spool_full", "The server has no room for more bytes in transit right now. Try again in a minute.")

// spoolError tells a full disk from other failures of the spool.
func spoolError(what string, err error) error {
	err = fmt.Errorf("%s: %w", what, err)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return ErrSpoolFull.Because(err)
	}
	return err
}

// errIncomplete says that the rest of a part, which was sent while it came, will not come.
var errIncomplete = errors.New("the rest of the part does not come")

// spool holds one part between the network and the store. It is a file and not
// a buffer: a hundred uploads cost page cache, which the kernel takes back, and
// no heap. The store's client may read it again when it has to retry, and may
// read it while it fills: reading waits for what is still to come.
type spool struct {
	spools *spools

	mu      sync.Mutex
	arrived sync.Cond
	file    *os.File // nil once it was given back
	filled  int64    // bytes that can be read
	cut     bool     // no more will come
}

// spools lends files for spools. A few are kept: to write where a file has its
// pages already is a third of the work. What one held before is never read, for
// a spool gives only what was written to it.
type spools struct {
	dir  string
	idle chan *os.File
}

func newSpools(dir string) (*spools, error) {
	s := &spools{dir, make(chan *os.File, 8)}
	first, err := s.get()
	if err != nil {
		return nil, err
	}
	first.close()
	return s, nil
}

func (s *spools) get() (*spool, error) {
	f, err := s.file()
	if err != nil {
		return nil, err
	}
	return s.on(f), nil
}

func (s *spools) on(f *os.File) *spool {
	p := &spool{spools: s, file: f}
	p.arrived.L = &p.mu
	return p
}

// file gives one without a name, so that it is gone with the process.
func (s *spools) file() (*os.File, error) {
	select {
	case f := <-s.idle:
		return f, nil
	default:
	}
	f, err := os.CreateTemp(s.dir, "satchel-spool-*")
	if err != nil {
		return nil, spoolError("make spool file", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, spoolError("unlink spool file", err)
	}
	return f, nil
}

// WriteAt keeps bytes at a place of the part, which then ends behind them: a
// spool is filled once, from its beginning.
func (s *spool) WriteAt(b []byte, at int64) (int, error) {
	n, err := s.file.WriteAt(b, at)
	if err != nil {
		return n, spoolError("write spool file", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.filled = at + int64(n)
	s.arrived.Broadcast()
	return n, nil
}

// ReadAt waits until all that is asked for is there. A request to the store that
// failed may still be reading when the spool has been given back: it gets
// nothing of what the file holds next.
func (s *spool) ReadAt(b []byte, at int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.filled < at+int64(len(b)) && !s.cut {
		s.arrived.Wait()
	}
	if s.file == nil || s.filled < at+int64(len(b)) {
		return 0, errIncomplete
	}
	return s.file.ReadAt(b, at)
}

// reuse assigns the file to a new part and invalidates readers of the previous
// one.
func (s *spool) reuse() *spool { return s.spools.on(s.wait()) }

func (s *spool) wait() *os.File {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.file
	s.file, s.cut = nil, true
	s.arrived.Broadcast()
	return f
}

// finish lets no one wait for more than there is.
func (s *spool) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = true
	s.arrived.Broadcast()
}

// reader gives the first n bytes; it can seek, so a send can be repeated.
func (s *spool) reader(n int64) *io.SectionReader { return io.NewSectionReader(s, 0, n) }

// close gives the file back, or away if there are enough.
func (s *spool) close() {
	f := s.wait()
	select {
	case s.spools.idle <- f:
	default:
		_ = f.Close()
	}
}
