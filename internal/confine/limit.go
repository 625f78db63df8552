package confine

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// Limits bound a process of ours that opens what people sent.
type Limits struct {
	Heap   int64  // bytes at which the collector works before the kernel refuses memory
	Memory uint64 // bytes that can be written to
	CPU    uint64 // seconds
	File   uint64 // bytes of the largest file
}

// Apply bounds this process, and to one processor and 64 open files. Nothing of what is in memory
// is left in a core file, and no other process of the user reads it.
func (l Limits) Apply() error {
	debug.SetMemoryLimit(l.Heap)
	runtime.GOMAXPROCS(1)
	for resource, most := range map[int]uint64{unix.RLIMIT_DATA: l.Memory, unix.RLIMIT_CPU: l.CPU, unix.RLIMIT_FSIZE: l.File, unix.RLIMIT_NOFILE: 64, unix.RLIMIT_CORE: 0} {
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("set resource limit %d to %d: %w", resource, most, err)
		}
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
