package confine

import (
	"os"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"
)

// harmless are calls on what the process already has: its memory, threads,
// clocks and open files. None takes a path, a socket or another process.
var harmless = []string{
	// open files
	"read", "readv", "pread64", "write", "writev", "pwrite64", "close", "fstat", "lseek", "fcntl",
	"fsync", "fdatasync", "ftruncate",
	// memory
	"brk", "munmap", "mremap", "madvise", "mincore", "membarrier",
	// threads of this process
	"futex", "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "sched_yield",
	"sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler", "sched_get_priority_max",
	"sched_get_priority_min", "getcpu", "gettid", "exit", "exit_group", "restart_syscall",
	// signals to itself
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack",
	// clocks and waiting
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday",
	"epoll_create1", "epoll_ctl", "epoll_pwait", "eventfd2", "pipe2", "ppoll",
	// facts about itself
	"getpid", "getuid", "geteuid", "getgid", "getegid", "getrusage", "getrandom", "sysinfo", "uname",
}

// harmlessAMD64 are the older forms that newer architectures do without.
var harmlessAMD64 = []string{"arch_prctl", "epoll_wait", "poll", "time", "getrlimit"}

// conditional are calls that are harmless with some arguments only.
var conditional = []seccomp.NameWithConditions{
	// Signals to itself: the Go runtime moves goroutines with them, and a crash
	// that cannot raise its signal spins until the CPU limit.
	{Name: "tgkill", Conditions: seccomp.ArgumentConditions{
		{Argument: 0, Operation: seccomp.Equal, Value: uint64(os.Getpid())},
	}},
	{Name: "kill", Conditions: seccomp.ArgumentConditions{
		{Argument: 0, Operation: seccomp.Equal, Value: uint64(os.Getpid())},
	}},
	// A thread, never a process.
	{Name: "clone", Conditions: seccomp.ArgumentConditions{
		{Argument: 0, Operation: seccomp.BitsSet, Value: unix.CLONE_THREAD},
	}},
	// A new file to write, never an existing one and never to read. So the
	// picture cannot become a copy of a file of the worker.
	{Name: "openat", Conditions: seccomp.ArgumentConditions{
		{Argument: 2, Operation: seccomp.BitsSet, Value: unix.O_WRONLY},
		{Argument: 2, Operation: seccomp.BitsNotSet, Value: unix.O_RDWR},
		{Argument: 2, Operation: seccomp.BitsSet, Value: unix.O_CREAT},
		{Argument: 2, Operation: seccomp.BitsSet, Value: unix.O_EXCL},
	}},
	// Memory for data, never for code that was not there before.
	{Name: "mmap", Conditions: seccomp.ArgumentConditions{
		{Argument: 2, Operation: seccomp.BitsNotSet, Value: unix.PROT_EXEC},
	}},
	{Name: "mprotect", Conditions: seccomp.ArgumentConditions{
		{Argument: 2, Operation: seccomp.BitsNotSet, Value: unix.PROT_EXEC},
	}},
	// The name of a thread. Other options could undo what was given up.
	{Name: "prctl", Conditions: seccomp.ArgumentConditions{
		{Argument: 0, Operation: seccomp.Equal, Value: unix.PR_SET_NAME},
	}},
	// Reading a limit, never setting one: root could raise its own.
	{Name: "prlimit64", Conditions: seccomp.ArgumentConditions{
		{Argument: 2, Operation: seccomp.Equal, Value: 0},
	}},
}
