package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/sandbox"
)

// sandboxProgram is built once for all tests of the package.
var sandboxProgram string

// A fake program is the test binary under a name that says what it does wrong.
func TestMain(m *testing.M) {
	if fake := fakes[filepath.Base(os.Args[0])]; fake != nil {
		os.Exit(fake())
	}
	dir, err := os.MkdirTemp("", "sandbox-test-*")
	if err != nil {
		panic(err)
	}
	sandboxProgram = filepath.Join(dir, "sandbox")
	build := exec.Command("go", "build", "-o", sandboxProgram, "satchel/cmd/sandbox")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build cmd/sandbox: %v\n%s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// fakes play programs that hang, spin, fill the disk and look around.
var fakes = map[string]func() int{
	"fake-sound": func() int { say("done"); return 3 },
	"fake-hang":  func() int { return idle() },
	"fake-spin": func() int {
		for i := 0; ; i++ {
			spun = i
		}
	},
	"fake-memory": func() int {
		for {
			grown = append(grown, make([]byte, 64<<20))
			for i := 0; i < 64<<20; i += 4096 {
				grown[len(grown)-1][i] = 1
			}
		}
	},
	"fake-file": func() int { return fill("one", 1<<40) },
	"fake-disk": func() int {
		for i := 0; ; i++ {
			fill(fmt.Sprint("part", i), 4<<20)
		}
	},
	"fake-flood": func() int {
		for range 10_000 {
			say("the same line again, more of it than anyone reads")
		}
		return 0
	},
	"fake-outside": lookAround,
}

// say prints a line for the test that started the fake.
func say(words ...any) { _, _ = fmt.Fprintln(os.Stdout, words...) }

// idle waits for a signal that does not come.
func idle() int {
	for {
		_ = syscall.Pause()
	}
}

var (
	spun  int
	grown [][]byte
)

func fill(name string, size int64) int {
	f, err := os.Create(name)
	if err != nil {
		return 1
	}
	block := make([]byte, 1<<20)
	for written := int64(0); written < size; written += int64(len(block)) {
		if _, err := f.Write(block); err != nil {
			return 1
		}
	}
	_ = f.Close()
	return 0
}

// lookAround tries what a program that was taken over would try, and prints what it got.
func lookAround() int {
	for name, try := range map[string]func() error{
		"internet": func() error { _, err := net.Dial("tcp", "127.0.0.1:1"); return err },
		"unix":     func() error { _, err := net.Dial("unix", "/run/x.sock"); return err },
		"process":  func() error { return exec.Command("/bin/true").Run() },
		"program":  func() error { return syscall.Exec("/bin/true", []string{"true"}, nil) },
		"passwd":   func() error { _, err := os.ReadFile("/etc/passwd"); return err },
		"parent":   func() error { _, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", os.Getppid())); return err },
		"elsewhere": func() error {
			return os.WriteFile("/tmp/sandbox-test-elsewhere", nil, 0o600)
		},
		"signal": func() error { return syscall.Kill(os.Getppid(), 0) },
		"trace":  func() error { return syscall.PtraceAttach(os.Getppid()) },
		"limit":  func() error { return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 600, Max: 600}) },
		"code": func() error {
			_, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC, syscall.MAP_ANON|syscall.MAP_PRIVATE)
			return err
		},
	} {
		if err := try(); !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.EACCES) {
			say("reached:", name, err)
		}
	}
	for _, secret := range []string{"SATCHEL_TEST_SECRET"} {
		if os.Getenv(secret) != "" {
			say("reached: the environment")
		}
	}
	if content, err := os.ReadFile(os.Args[1]); err != nil || string(content) != "input" {
		say("no input:", err)
	}
	if err := os.WriteFile("output", nil, 0o600); err != nil {
		say("no output:", err)
	}
	return 0
}

type bundle struct {
	runner sandbox.Runner
	call   sandbox.Call
}

// setup puts a fake program on disk under its name.
func setup(t *testing.T, fake string) bundle {
	t.Helper()
	runner, err := sandbox.New(sandbox.Config{Program: sandboxProgram})
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), fake)
	if fake == "fake-crash" { // the Go runtime would turn the signal into an exit code
		require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\nkill -SEGV $$\n"), 0o700))
	} else {
		require.NoError(t, copyFile(self, program)) // a link would be the name of its target
	}
	input := filepath.Join(t.TempDir(), "input")
	require.NoError(t, os.WriteFile(input, []byte("input"), 0o600))
	return bundle{runner, sandbox.Call{Program: program, Args: []string{input}, Input: input, Work: t.TempDir()}}
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o700)
}

func TestProgramEndsByItself(t *testing.T) {
	t.Parallel()
	b := setup(t, "fake-sound")
	result, err := b.runner.Run(t.Context(), b.call)
	require.NoError(t, err)
	require.Equal(t, 3, result.Exit)
	require.Equal(t, "done", result.Stdout)
	require.Positive(t, result.Memory)
}

// TestNothingIsReached: a program that was taken over has its file and its folder.
func TestNothingIsReached(t *testing.T) {
	t.Setenv("SATCHEL_TEST_SECRET", "a password")
	b := setup(t, "fake-outside")
	for _, office := range []bool{false, true} {
		b.call.Office = office
		result, err := b.runner.Run(t.Context(), b.call)
		require.NoError(t, err)
		want := ""
		if office {
			want = "reached: code <nil>" // which the office profile allows
		}
		require.Equal(t, want, result.Stdout, result.Stderr)
		require.FileExists(t, filepath.Join(b.call.Work, "output"))
		require.NoError(t, os.Remove(filepath.Join(b.call.Work, "output")))
	}
	require.NoFileExists(t, "/tmp/sandbox-test-elsewhere")
}

// TestLimitsHold: what hangs, spins, grows or fills the disk is a finding, and nothing
// of it runs on.
func TestLimitsHold(t *testing.T) {
	t.Parallel()
	for fake, c := range map[string]struct {
		limits sandbox.Limits
		want   sandbox.Code
	}{
		"fake-hang": {sandbox.Limits{Wall: time.Second}, sandbox.TimedOut},
		"fake-spin": {sandbox.Limits{CPU: time.Second}, sandbox.TooExpensive},
		"fake-disk": {sandbox.Limits{Folder: 16 << 20}, sandbox.TooExpensive},
	} {
		t.Run(fake, func(t *testing.T) {
			t.Parallel()
			b := setup(t, fake)
			b.call.Limits = c.limits
			_, err := b.runner.Run(t.Context(), b.call)
			var finding sandbox.Finding
			require.ErrorAs(t, err, &finding)
			require.Equal(t, c.want, finding.Code, finding.Message)
			require.False(t, isRunning(b.call.Program), "it runs on")
		})
	}
}

// TestProgramFailsAtItsLimit: the Go runtime of the fake reports what a C program dies of.
func TestProgramFailsAtItsLimit(t *testing.T) {
	t.Parallel()
	for fake, limits := range map[string]sandbox.Limits{"fake-memory": {Memory: 512 << 20}, "fake-file": {File: 1 << 20}} {
		t.Run(fake, func(t *testing.T) {
			t.Parallel()
			b := setup(t, fake)
			b.call.Limits = limits
			result, err := b.runner.Run(t.Context(), b.call)
			var finding sandbox.Finding
			require.True(t, errors.As(err, &finding) || err == nil && result.Exit != 0, "%+v %v", result, err)
			require.LessOrEqual(t, result.Memory, int64(600<<20))
		})
	}
}

// isRunning looks for a process of this program.
func isRunning(program string) bool {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == program {
			return true
		}
	}
	return false
}

func TestFloodIsSwallowed(t *testing.T) {
	t.Parallel()
	b := setup(t, "fake-flood")
	result, err := b.runner.Run(t.Context(), b.call)
	require.NoError(t, err)
	require.LessOrEqual(t, len(result.Stdout), 64<<10)
}

func TestCancellationEndsTheProgram(t *testing.T) {
	t.Parallel()
	b := setup(t, "fake-hang")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := b.runner.Run(ctx, b.call)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, isRunning(b.call.Program))
}

func TestAbsentProgram(t *testing.T) {
	t.Parallel()
	b := setup(t, "fake-sound")
	b.call.Program = "no-such-program"
	_, err := b.runner.Run(t.Context(), b.call)
	require.Equal(t, sandbox.Absent{Reason: sandbox.NotInstalled}, err)
}

func TestAbsentSandboxStopsTheWorker(t *testing.T) {
	t.Parallel()
	_, err := sandbox.New(sandbox.Config{Program: "/no/such/sandbox"})
	require.ErrorContains(t, err, "SATCHEL_SANDBOX_PROGRAM")
}
