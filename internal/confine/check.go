package confine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// CheckResult is one action that a compromised decoder would try, and its result.
type CheckResult struct {
	Name    string `json:"name"`
	Refused bool   `json:"refused"`
	Detail  string `json:"detail"`
}

// Check tries in this process what the sandbox must refuse. inForce is the result of
// Apply. Operators use it to verify the sandbox on a given machine.
func Check(outDir string, inForce []string) []CheckResult {
	attempts := []CheckResult{
		try("open an internet socket", socket(unix.AF_INET)),
		try("open an IPv6 socket", socket(unix.AF_INET6)),
		try("open a unix socket", socket(unix.AF_UNIX)),
		try("start a program", unix.Exec("/bin/true", []string{"true"}, nil)),
		try("start a process", fork()),
		try("read a file", open("/etc/passwd", unix.O_RDONLY)),
		try("read its own memory map", open("/proc/self/maps", unix.O_RDONLY)),
		try("write to an existing file", open("/dev/null", unix.O_WRONLY)),
		try("remove a file", unix.Unlinkat(unix.AT_FDCWD, filepath.Join(outDir, "any"), 0)),
		try("send a signal to another process", unix.Kill(1, 0)),
		try("trace another process", unix.PtraceAttach(1)),
		try("run code it has written", executable()),
		try("raise a limit", unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 4096, Max: 4096}, nil)),
		try("allow core dumps", unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)),
	}
	attempts = append(attempts, outside(inForce))
	return append(attempts, environment())
}

// outside is what only Landlock refuses: a new file elsewhere. Without it the
// answer is known, and trying would leave a file that no one here may remove.
func outside(inForce []string) CheckResult {
	const name = "create a file elsewhere"
	if !slices.ContainsFunc(inForce, func(s string) bool { return strings.HasPrefix(s, "landlock") }) {
		return CheckResult{Name: name, Detail: "allowed: this kernel offers no Landlock"}
	}
	return try(name, open("/tmp/render-check", unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL))
}

func environment() CheckResult {
	var names []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		names = append(names, name)
	}
	return CheckResult{Name: "see the parent's environment", Refused: len(names) == 0, Detail: strings.Join(names, " ")}
}

func try(name string, err error) CheckResult {
	if err == nil {
		return CheckResult{Name: name, Detail: "allowed"}
	}
	return CheckResult{Name: name, Refused: true, Detail: err.Error()}
}

func socket(domain int) error {
	_, err := unix.Socket(domain, unix.SOCK_STREAM, 0)
	return err
}

func open(path string, flags int) error {
	_, err := unix.Open(path, flags, 0o600)
	return err
}

func fork() error {
	_, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func executable() error {
	_, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
	return err
}
