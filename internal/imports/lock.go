package imports

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock holds the file until it is closed, or its process ends.
func lock(f *os.File) error {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
