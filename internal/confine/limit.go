package confine

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// Limit bounds this process by resource limits, of unix.RLIMIT_, and to one processor. heap
// makes the collector work before the kernel refuses memory. Nothing of what is in memory is
// left in a core file, and no other process of the user reads it.
func Limit(heap int64, limits map[int]uint64) error {
	debug.SetMemoryLimit(heap)
	runtime.GOMAXPROCS(1)
	limits[unix.RLIMIT_CORE] = 0
	for resource, most := range limits {
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("set resource limit %d to %d: %w", resource, most, err)
		}
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
