package spool

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// claim is a locked folder.
type claim struct {
	path string
	lock *os.File
}

// claimAttempts bounds how often a sweep of another process may remove a folder
// in the moment between its making and its locking.
const claimAttempts = 20

// newClaim makes a folder and locks it. A sweep may find the folder before it is
// locked and remove it; then it is made once more under another name.
func newClaim(root string) (*claim, error) {
	for range claimAttempts {
		path, err := os.MkdirTemp(root, prefix+"*")
		if err != nil {
			return nil, Failed("make spool folder", err)
		}
		c, err := lockFolder(path)
		switch {
		case err == nil && c.present():
			return c, nil
		case err == nil:
			_ = c.lock.Close()
		case !heldOrGone(err):
			return nil, errors.Join(Failed("lock spool folder", err), os.Remove(path))
		}
	}
	return nil, errors.New("make spool folder (SATCHEL_SPOOL_DIR): other processes removed every folder that was made")
}

// heldOrGone says whether another process holds a folder, or has removed it.
func heldOrGone(err error) bool {
	return errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, fs.ErrNotExist)
}

// lockFolder locks a folder without waiting. It follows no link: the directory
// may be one that every user of the machine writes to. The descriptor is closed
// in child programs, so none of them keeps the lock of a process that ended.
func lockFolder(path string) (*claim, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0) //nolint:gosec // a folder below the configured directory
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &claim{path, f}, nil
}

// present says whether the locked folder is still the one with this path.
func (c *claim) present() bool {
	locked, err := c.lock.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(c.path)
	return err == nil && os.SameFile(locked, named)
}

// remove removes the folder and releases it.
func (c *claim) remove() error {
	err := os.RemoveAll(c.path)
	if closeErr := c.lock.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return Failed("remove spool folder", err)
	}
	return nil
}
