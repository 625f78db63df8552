package uploads

import (
	"fmt"
	"io"
	"os"
)

// spool holds one part between the network and the store. It is a file and not
// a buffer: a hundred uploads cost page cache, which the kernel takes back, and
// no heap. The store's client may read it again when it has to retry.
type spool struct{ file *os.File }

// newSpool makes the file without a name, so that it is gone with the process.
func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, "satchel-spool-*")
	if err != nil {
		return nil, fmt.Errorf("make spool file: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("unlink spool file: %w", err)
	}
	return &spool{f}, nil
}

// writeAt keeps bytes at a place of the part.
func (s *spool) writeAt(b []byte, at int64) error {
	if _, err := s.file.WriteAt(b, at); err != nil {
		return fmt.Errorf("write spool file: %w", err)
	}
	return nil
}

// reader gives the first n bytes; it can seek, so a send can be repeated.
func (s *spool) reader(n int64) *io.SectionReader { return io.NewSectionReader(s.file, 0, n) }

func (s *spool) close() { _ = s.file.Close() }
