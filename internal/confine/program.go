package confine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/landlock-lsm/go-landlock/landlock"
	llsyscall "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// Profile is a list of system calls for a program that this project did not write.
type Profile string

// The closed list of profiles.
const (
	// Reader opens files and starts threads. It has no sockets and starts no process.
	Reader Profile = "reader"
	// Office is Reader with a unix socket to listen on, which LibreOffice makes to
	// find a second copy of itself, and memory that it writes to and runs. It still
	// connects to nothing.
	Office Profile = "office"
)

// ErrNoSandbox says that this kernel cannot keep a program away from the files of the
// user that it runs as. Such a program is not started.
var ErrNoSandbox = errors.New("this kernel offers no Landlock")

// Program is one program to start behind walls, and what it may reach.
type Program struct {
	Path    string   // of the program
	Args    []string // behind its name
	Env     []string
	Profile Profile
	Input   string // the one file to read
	Work    string // the one folder to write to

	CPU    uint64 // seconds
	Memory uint64 // bytes of memory that can be written to
	File   uint64 // bytes of the largest file that it may write
}

// addressSpace is the outer wall behind Memory: programs reserve address space that
// they never touch.
const addressSpace = 8 << 30

// Exec replaces this process by the program. It comes back with an error only. From
// then on the program has no network, no other process, no file but the machine's
// programs, libraries and fonts, its input, and its own folder, and nothing of its
// parent's environment.
func Exec(p Program) error {
	path, err := filepath.EvalSymlinks(p.Path)
	if err != nil {
		return err
	}
	call, err := newExec(path, p.Args, p.Env)
	if err != nil {
		return err
	}
	if err := os.Chdir(p.Work); err != nil {
		return err
	}
	if err := limit(p); err != nil {
		return err
	}
	if err := wall(path, p); err != nil {
		return err
	}
	if err := filterProgram(p.Profile, call); err != nil {
		return err
	}
	return call.run()
}

func limit(p Program) error {
	for resource, most := range map[int]uint64{
		unix.RLIMIT_CPU: p.CPU, unix.RLIMIT_DATA: p.Memory, unix.RLIMIT_AS: addressSpace, unix.RLIMIT_FSIZE: p.File,
		unix.RLIMIT_NOFILE: 512, unix.RLIMIT_CORE: 0, // a core would hold what people wrote
	} {
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("set resource limit %d to %d: %w", resource, most, err)
		}
	}
	// The parent's death ends this process and, as the setting outlives the start of a
	// program, the program too.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("end with the parent: %w", err)
	}
	return nil
}

// readable is what programs need of the machine: themselves, libraries, fonts, and
// their own settings. /proc is not in it, since it shows the worker's environment, and
// of /etc nothing that names people or holds a secret.
var readable = []string{"/usr", "/lib", "/lib64", "/etc/fonts", "/etc/libreoffice", "/var/lib/libreoffice", "/var/spool/libreoffice", "/var/cache/fontconfig"}

// readableFiles are single files and devices of the machine.
var readableFiles = []string{"/etc/ld.so.cache", "/etc/localtime", "/etc/papersize", "/dev/urandom", "/dev/random", "/dev/zero"}

// wall keeps the program in its folder. Where the kernel has no Landlock, an open file
// could be any file of the worker's user, so the program does not start.
func wall(program string, p Program) error {
	version, err := llsyscall.LandlockGetABIVersion()
	if err != nil || version < 1 {
		return ErrNoSandbox
	}
	err = landlock.V6.BestEffort().Restrict(
		landlock.RODirs(readable...).IgnoreIfMissing(), landlock.ROFiles(readableFiles...).IgnoreIfMissing(),
		landlock.ROFiles(program, p.Input), landlock.RWFiles("/dev/null"), landlock.RWDirs(p.Work))
	if err != nil {
		return fmt.Errorf("restrict files with Landlock version %d: %w", version, err)
	}
	return nil
}

// onFiles are the calls by which programs find, read and write files. Which files is
// Landlock's to say.
var onFiles = []string{
	"openat", "faccessat2", "statx", "statfs", "fstatfs", "getdents64", "readlinkat", "getcwd", "chdir", "umask",
	"mkdirat", "unlinkat", "renameat", "renameat2", "fchmod", "fchmodat", "fchown", "fchownat", "utimensat", "fallocate", "fadvise64", "flock",
	"dup", "dup3", "preadv", "pwritev", "copy_file_range", "sendfile", "pselect6", "close_range",
	"mlock", "munlock", "mbind", "get_mempolicy", "set_mempolicy", "msync", "sched_setaffinity",
	"getppid", "getpgid", "getgroups", "getresuid", "getresgid", "times", "setitimer", "getitimer", "getpriority", "wait4", "waitid",
}

// onFilesAMD64 are their older forms.
var onFilesAMD64 = []string{"newfstatat", "open", "stat", "lstat", "readlink", "mkdir", "rmdir", "unlink", "rename", "chmod", "chown", "getdents", "dup2", "select", "pipe", "creat", "utime", "utimes", "getpgrp", "alarm"}

// listening are the calls of a program that waits for a second copy of itself. None
// reaches another program: connect, sendto and sendmsg are not among them.
var listening = []string{"bind", "listen", "accept", "accept4", "shutdown", "getsockname", "setsockopt", "getsockopt"}

func filterProgram(profile Profile, call *execCall) error {
	names := slices.Concat(harmless, onFiles)
	if runtime.GOARCH == "amd64" {
		names = slices.Concat(names, harmlessAMD64, onFilesAMD64)
	} else {
		names = append(names, "fstatat") // as newer machines call it
	}
	conditions := append(programConditions(), seccomp.NameWithConditions{
		// One start of one program: the address of the path is known to this process only.
		Name: "execve", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.Equal, Value: call.address()}},
	})
	switch profile {
	case Reader:
		names = append(names, asking()...)
		conditions = append(conditions, neverBoth()...)
	case Office:
		names = append(names, listening...)
		names = append(names, "mmap", "mprotect") // it writes the tables of its interfaces as code
		conditions = append(conditions, officeConditions()...)
	default:
		return fmt.Errorf("profile %q does not exist", profile)
	}
	return load(names, conditions)
}

// asking are the calls that ask whether a file may be used.
func asking() []string {
	if runtime.GOARCH == "amd64" {
		return []string{"access", "faccessat"}
	}
	return []string{"faccessat"}
}

// officeConditions let LibreOffice have its socket, and in its own folder. It prefers
// /tmp, which it asks for with access(2) and could not use; a question after a place to
// write to is refused, so that it takes the folder that it is told.
func officeConditions() []seccomp.NameWithConditions {
	conditions := []seccomp.NameWithConditions{{
		Name: "socket", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.Equal, Value: unix.AF_UNIX}},
	}, {
		Name: "faccessat", Conditions: seccomp.ArgumentConditions{{Argument: 2, Operation: seccomp.BitsNotSet, Value: unix.W_OK}},
	}}
	if runtime.GOARCH == "amd64" {
		conditions = append(conditions, seccomp.NameWithConditions{
			Name: "access", Conditions: seccomp.ArgumentConditions{{Argument: 1, Operation: seccomp.BitsNotSet, Value: unix.W_OK}},
		})
	}
	return conditions
}

// programConditions are those of conditional that hold for a program of others too:
// it opens files in every way, and loads its libraries as code.
func programConditions() []seccomp.NameWithConditions {
	var kept []seccomp.NameWithConditions
	for _, c := range conditional {
		switch c.Name {
		case "openat", "mmap", "mprotect":
		case "prctl":
			for _, option := range []uint64{unix.PR_SET_NAME, unix.PR_GET_NAME, unix.PR_CAPBSET_READ} {
				kept = append(kept, seccomp.NameWithConditions{Name: "prctl", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.Equal, Value: option}}})
			}
		default:
			kept = append(kept, c)
		}
	}
	return kept
}

// neverBoth refuses memory that can be written to and run at once.
func neverBoth() []seccomp.NameWithConditions {
	var conditions []seccomp.NameWithConditions
	for _, name := range []string{"mmap", "mprotect"} {
		for _, either := range []uint64{unix.PROT_EXEC, unix.PROT_WRITE} {
			conditions = append(conditions, seccomp.NameWithConditions{Name: name, Conditions: seccomp.ArgumentConditions{{Argument: 2, Operation: seccomp.BitsNotSet, Value: either}}})
		}
	}
	return conditions
}

// execCall is a start of a program with all its strings in place: none may be made
// once the address of the path is in the filter.
type execCall struct {
	path      *byte
	argv, env []*byte
}

func newExec(path string, args, env []string) (*execCall, error) {
	p, err := unix.BytePtrFromString(path)
	if err != nil {
		return nil, err
	}
	argv, err := syscall.SlicePtrFromStrings(append([]string{path}, args...))
	if err != nil {
		return nil, err
	}
	environment, err := syscall.SlicePtrFromStrings(env)
	if err != nil {
		return nil, err
	}
	return &execCall{p, argv, environment}, nil
}

func (c *execCall) address() uint64 {
	return uint64(uintptr(unsafe.Pointer(c.path))) //nolint:gosec // compared by the kernel, never followed
}

func (c *execCall) run() error {
	//nolint:gosec // execve takes the addresses that the filter knows; syscall.Exec would make others
	_, _, errno := unix.RawSyscall(unix.SYS_EXECVE,
		uintptr(unsafe.Pointer(c.path)), uintptr(unsafe.Pointer(&c.argv[0])), uintptr(unsafe.Pointer(&c.env[0])))
	runtime.KeepAlive(c)
	return fmt.Errorf("start the program: %w", errno)
}
