package clamd

import (
	"os"

	"golang.org/x/sys/unix"
)

// newMemory makes a file that lives in memory only, without a name, and can be
// sealed.
func newMemory() (*os.File, error) {
	fd, err := unix.MemfdCreate("satchel-scan", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "satchel-scan"), nil
}

// seal makes the content of the memfd immutable, also for a process that has
// its descriptor.
func seal(memory *os.File) error {
	const all = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	_, err := unix.FcntlInt(memory.Fd(), unix.F_ADD_SEALS, all)
	return err
}
