// Package spool owns the temporary files of a program and of the child programs
// that it starts. Every process holds one folder below the spool directory and
// locks it for its life. The kernel releases the lock however the process ends,
// so a folder without a lock belongs to no process, and what is in it, users'
// bytes among it, is removed by the next process that starts and by an hourly
// sweep of those that run.
package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"satchel/internal/fault"
)

// Config names the spool directory.
type Config struct {
	Dir string `env:"SATCHEL_SPOOL_DIR"` // folder for parts, archives and pictures that are being worked on; empty: the system's folder for temporary files
}

// Room gives the bytes that this program may still write to the disk of the directory, and
// the size of that disk.
func (c Config) Room() (free, size uint64, err error) {
	dir := c.Dir
	if dir == "" {
		dir = os.TempDir()
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, Failed("read the room of the spool", err)
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), nil
}

// ErrFull says that the disk of the spool has no room. An operator has to give
// it more; the work is tried again later.
var ErrFull = fault.New(fault.Unavailable, "spool_full", "The server has no room for more bytes in transit right now. Try again in a minute.")

// Failed describes a failure of the spool, and tells a full disk from others.
func Failed(what string, err error) error {
	err = fmt.Errorf("%s (SATCHEL_SPOOL_DIR): %w", what, err)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return ErrFull.Because(err)
	}
	return err
}

// Nameless makes a file that has lost its name already: the disk gets its room
// back however the process ends.
func Nameless(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "satchel-spool-*")
	if err != nil {
		return nil, Failed("make spool file", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, Failed("unlink spool file", err)
	}
	return f, nil
}

// Owner is the spool of this process.
type Owner struct {
	root string
	log  *slog.Logger

	mu  sync.Mutex
	own *claim // nil once closed
}

var errClosed = errors.New("the spool is closed")

// Open claims a folder for this process and removes the folders of processes
// that have ended. Folders that cannot be removed are logged: a program must not
// fail to start for what another one left.
func Open(c Config, log *slog.Logger) (*Owner, error) {
	root := cmp.Or(c.Dir, os.TempDir())
	own, err := newClaim(root)
	if err != nil {
		return nil, err
	}
	o := &Owner{root: root, log: log, own: own}
	o.sweep()
	return o, nil
}

// sweepInterval is how soon a running process removes what another one left that
// does not start again, on a directory that they share.
const sweepInterval = time.Hour

// Run sweeps every hour until the context ends.
func (o *Owner) Run(ctx context.Context) {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			o.sweep()
		}
	}
}

func (o *Owner) sweep() {
	removed, err := Sweep(o.root)
	if removed > 0 {
		o.log.Info("spool folders of ended processes removed", "folders", removed)
	}
	if err != nil {
		o.log.Warn("remove spool folders of ended processes failed", "error", err)
	}
}

// Close removes the folder of this process with everything in it.
func (o *Owner) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.own == nil {
		return nil
	}
	own := o.own
	o.own = nil
	return own.remove()
}

// File makes a nameless file.
func (o *Owner) File() (*File, error) {
	var made *os.File
	err := o.within(func(dir string) (err error) {
		made, err = Nameless(dir)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &File{made}, nil
}

// Folder makes an empty folder, for work that needs names: a child program reads
// and writes paths. kind says in a listing what it is for.
func (o *Owner) Folder(kind string) (Folder, error) {
	var made string
	err := o.within(func(dir string) (err error) {
		made, err = os.MkdirTemp(dir, kind+"-*")
		return err
	})
	if err != nil {
		return Folder{}, Failed("make spool folder", err)
	}
	return Folder{made}, nil
}

// within makes something in the folder of this process. A folder that a cleaner
// of temporary files removed is replaced: without that, all work that spools
// would fail until the program starts again.
func (o *Owner) within(create func(dir string) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.own == nil {
		return errClosed
	}
	err := create(o.own.path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	next, err := newClaim(o.root)
	if err != nil {
		return err
	}
	_ = o.own.lock.Close()
	o.own = next
	return create(next.path)
}

// File is a nameless file that tells a full disk from other failures.
type File struct{ file *os.File }

// NewFile wraps a file.
func NewFile(f *os.File) *File { return &File{f} }

// Write appends.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	if err != nil {
		return n, Failed("write spool file", err)
	}
	return n, nil
}

// ReadAt reads what was written.
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.file.ReadAt(p, off) }

// Close gives the room back.
func (f *File) Close() error { return f.file.Close() }

// Folder is a folder of one piece of work.
type Folder struct{ path string }

// Path is the path of the folder, or of what has this name in it.
func (f Folder) Path(name ...string) string {
	return filepath.Join(append([]string{f.path}, name...)...)
}

// Write writes a new file from r.
func (f Folder) Write(name string, r io.Reader) error {
	file, err := os.OpenFile(f.Path(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return Failed("make spool file", err)
	}
	_, err = io.Copy(&File{file}, r)
	if closeErr := file.Close(); err == nil && closeErr != nil {
		err = Failed("close spool file", closeErr)
	}
	return err
}

// Discard removes the folder, and warns where it cannot: what is left goes with the
// process.
func (f Folder) Discard(warn func(message string, pairs ...any)) {
	if err := f.Remove(); err != nil {
		warn("remove spool folder failed; it is removed with the process", "error", err)
	}
}

// Remove removes the folder with everything in it.
func (f Folder) Remove() error {
	if err := os.RemoveAll(f.path); err != nil {
		return Failed("remove spool folder", err)
	}
	return nil
}

// prefix marks the folders of processes in a directory that others may use too.
const prefix = "satchel-process-"

// Sweep removes the folders below root that no live process locks, and counts
// them. One that cannot be removed does not stop the others.
func Sweep(root string) (removed int, err error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return 0, Failed("list spool", err)
	}
	var failures error
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		done, err := removeAbandoned(filepath.Join(root, e.Name()))
		if done {
			removed++
		}
		failures = errors.Join(failures, err)
	}
	return removed, failures
}

// removeAbandoned holds the lock while it removes, so that a process that has
// just made this folder does not get it.
func removeAbandoned(path string) (bool, error) {
	c, err := lockFolder(path)
	switch {
	case err != nil && heldOrGone(err):
		return false, nil // its process lives, or another sweep was first
	case err != nil:
		return false, Failed("lock spool folder", err)
	}
	return true, c.remove()
}
