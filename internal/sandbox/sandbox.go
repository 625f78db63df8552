// Package sandbox starts programs on files that people uploaded: those that others
// wrote by way of cmd/sandbox, which takes away from them everything but one file and
// one folder, and our own that confine themselves. It bounds their time, memory and
// disk, and tells a finding about the file from a fault of the machine.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Exit codes of cmd/sandbox. Every other one is the program's own.
const (
	ExitUsage      = 64  // wrong flags
	ExitNotStarted = 125 // the program could not be started
	ExitNoSandbox  = 126 // this kernel cannot confine a program
)

// Code says why a program made nothing of a file. The list is closed.
type Code string

// The findings.
const (
	TooExpensive Code = "too_expensive" // used up its CPU time, memory or disk
	TimedOut     Code = "timed_out"     // did not end
	Crashed      Code = "crashed"       // died on this file
	Unreadable   Code = "unreadable"    // the program says that it cannot open the file
	Protected    Code = "protected"     // a password is needed
	Empty        Code = "empty"         // nothing that could be shown
)

// Finding is about the file: the same bytes give the same answer.
type Finding struct {
	Code    Code
	Message string // for a log: words of the program, bounded and printable
}

func (f Finding) Error() string { return fmt.Sprintf("%s: %s", f.Code, f.Message) }

// Absent says that this machine cannot make something of any file of a kind: the program
// is not installed, or the kernel cannot confine it.
type Absent struct{ Reason string }

func (a Absent) Error() string { return "not available on this machine: " + a.Reason }

// The reasons of Absent.
const (
	NotInstalled = "program_not_installed"
	NoSandbox    = "no_sandbox"
)

// Config names the program that starts others behind walls.
type Config struct {
	Program string `env:"SATCHEL_SANDBOX_PROGRAM" envDefault:"sandbox"` // program that starts LibreOffice, ffmpeg and others without network and secrets
}

// Runner starts programs. The zero value does not work; use New.
type Runner struct{ program string }

// New checks that the program is there, so that a wrong setting stops the worker at
// start and not the first upload of the day.
func New(c Config) (Runner, error) {
	program, err := Find("SATCHEL_SANDBOX_PROGRAM", c.Program, "sandbox")
	return Runner{program}, err
}

// Find gives the path of a program of ours, which a setting names and cmd/command is.
func Find(setting, name, command string) (string, error) {
	found, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s %q: %w; build it with `go build ./cmd/%s` and name its path", setting, name, err, command)
	}
	path, err := filepath.Abs(found)
	if err != nil {
		return "", fmt.Errorf("%s %q: %w", setting, name, err)
	}
	return path, nil
}

// Call is one run of a program of others.
type Call struct {
	Program string   // a name on the PATH, or a path
	Args    []string // behind it
	Office  bool     // with the wider list of system calls that LibreOffice needs
	Input   string   // the one file that it may read
	Work    string   // the one folder that it may write to, with the folder tmp in it
	Limits  Limits
}

// Limits bound one run. A zero field takes the default's.
type Limits struct {
	Wall   time.Duration
	CPU    time.Duration
	Memory int64 // bytes that can be written to
	File   int64 // bytes of the largest file
	Folder int64 // bytes of all files in the folder
}

// defaults are room for any document that people open every day.
var defaults = Limits{Wall: time.Minute, CPU: 30 * time.Second, Memory: 1536 << 20, File: 256 << 20, Folder: 512 << 20}

func (l Limits) filled() Limits {
	if l.Wall == 0 {
		l.Wall = defaults.Wall
	}
	if l.CPU == 0 {
		l.CPU = defaults.CPU
	}
	if l.Memory == 0 {
		l.Memory = defaults.Memory
	}
	if l.File == 0 {
		l.File = defaults.File
	}
	if l.Folder == 0 {
		l.Folder = defaults.Folder
	}
	return l
}

// Result is what a program that ended by itself left.
type Result struct {
	Exit           int
	Stdout, Stderr string // the first of it
	CPU            time.Duration
	Memory         int64 // bytes: the most that was resident at once
}

// Run starts the program and waits for its end. It gives a Result for every exit of the
// program's own, a Finding when it ran into a limit or died, an Absent when it is not
// there, and any other error for a fault that another try may pass.
func (r Runner) Run(ctx context.Context, c Call) (Result, error) {
	path, err := exec.LookPath(c.Program)
	if err != nil {
		return Result{}, Absent{NotInstalled}
	}
	limits := c.Limits.filled()
	if err := os.MkdirAll(filepath.Join(c.Work, "tmp"), 0o700); err != nil {
		return Result{}, fmt.Errorf("make the program's folder: %w", err)
	}
	profile := "reader"
	if c.Office {
		profile = "office"
	}
	args := []string{"--profile", profile, "--input", c.Input, "--work", c.Work, "--cpu", strconv.Itoa(int(limits.CPU.Seconds())),
		"--memory", strconv.FormatInt(limits.Memory, 10), "--file", strconv.FormatInt(limits.File, 10), path}
	return Start(ctx, Child{Program: r.program, Args: append(args, c.Args...), Work: c.Work, Limits: limits})
}

// Child is a program that confines itself.
type Child struct {
	Program string
	Args    []string
	Work    string   // the folder whose size is bounded; empty for none
	Input   *os.File // what it reads as its input; nil: nothing
	Limits  Limits
}

// folderInterval is how often the size of a folder is read. One process writes a few
// hundred megabytes between two readings at most, each file of them bounded.
const folderInterval = 100 * time.Millisecond

// Start runs a program that confines itself. Its environment is empty, and its input closed
// unless the child has one. When the context, its time or its disk ends, it is killed with its group.
func Start(ctx context.Context, c Child) (Result, error) {
	limits := c.Limits.filled()
	timed, cancel := context.WithTimeout(ctx, limits.Wall)
	defer cancel()
	bounded, full := context.WithCancelCause(timed)
	defer full(nil)

	// The signal of the parent's death comes when the starting thread ends, so the
	// thread must be kept until the child has been waited for.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	stdout, stderr := &head{limit: 64 << 10}, &head{limit: 8 << 10}
	cmd := exec.CommandContext(bounded, c.Program, c.Args...) //nolint:gosec // our own program by configuration; the paths are the worker's own
	cmd.Env = []string{}                                      // nil would mean the worker's, with its passwords
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if c.Input != nil { // a nil file in the interface would be one that cannot be read
		cmd.Stdin = c.Input
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watch(bounded, c.Work, limits.Folder, full)
	}()
	err := cmd.Run()
	cause := context.Cause(bounded)
	full(nil)
	<-watched
	return ended(ctx, cmd, cause, err, limits, Result{Stdout: stdout.text(), Stderr: stderr.text()})
}

var errFull = errors.New("the program wrote more than it may")

// watch ends a run whose folder grows too large.
func watch(ctx context.Context, dir string, most int64, full context.CancelCauseFunc) {
	if dir == "" {
		return
	}
	tick := time.NewTicker(folderInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if folderSize(dir) > most {
				full(errFull)
				return
			}
		}
	}
}

// folderSize adds up the files below a folder. What cannot be read, because it has just
// been removed, counts nothing.
func folderSize(dir string) (sum int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // a file that is gone takes no room
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	return sum
}

// ended tells the ways apart in which a child ends.
func ended(ctx context.Context, cmd *exec.Cmd, cause, err error, limits Limits, r Result) (Result, error) {
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return r, context.Cause(ctx)
	case errors.Is(cause, errFull):
		return r, Finding{TooExpensive, fmt.Sprintf("wrote more than %d bytes", limits.Folder)}
	case cause != nil:
		return r, Finding{TimedOut, fmt.Sprintf("did not end within %s", limits.Wall)}
	case err != nil && !errors.As(err, &exit):
		return r, fmt.Errorf("run %s: %w", filepath.Base(cmd.Path), err)
	}
	r.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.Memory = usage.Maxrss << 10
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return r, died(status.Signal(), limits, r)
	}
	r.Exit = cmd.ProcessState.ExitCode()
	switch r.Exit {
	case ExitNoSandbox:
		return r, Absent{NoSandbox}
	case ExitUsage, ExitNotStarted:
		return r, fmt.Errorf("start the program: %s", r.Stderr)
	}
	return r, nil
}

// cpuTolerance is how far the reported CPU time may be below the one that the kernel
// compares with the limit.
const cpuTolerance = 500 * time.Millisecond

// died explains a signal. SIGKILL comes from the kernel at the limit of CPU time, which
// would happen again; any other says nothing about the file.
func died(signal syscall.Signal, limits Limits, r Result) error {
	switch signal {
	case syscall.SIGKILL:
		if r.CPU >= limits.CPU-cpuTolerance {
			return Finding{TooExpensive, fmt.Sprintf("used up %s of CPU", limits.CPU)}
		}
		return fmt.Errorf("the program was killed from outside after %s of CPU", r.CPU)
	case syscall.SIGXCPU, syscall.SIGXFSZ:
		return Finding{TooExpensive, "ran into a limit: " + signal.String()}
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
		return fmt.Errorf("the program was stopped from outside (%s)", signal)
	default:
		return Finding{Crashed, signal.String() + ": " + firstLine(r.Stderr)}
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
