package vips

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unicode"
)

const (
	maxReport = 64 << 10 // a full report is about 1 KiB
	maxStderr = 8 << 10
	// drainFor is how long the pipes stay open after the child is gone.
	drainFor = 2 * time.Second
)

// childResult is a child that has exited by itself or by a limit of its own.
type childResult struct {
	state  *os.ProcessState
	limit  time.Duration // of CPU time
	stdout boundedBuffer
	stderr boundedBuffer
}

// run starts the child and waits for it. It fails when the child could not be
// started or did not end by itself: the context ended, or the wall clock ran
// out. The latter is a fault, not a finding. An expensive image uses up its CPU
// seconds long before; a child that waits so long sits on a starved machine.
func (r Renderer) run(ctx context.Context, sourcePath, outDir string, more ...string) (*childResult, error) {
	timed, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()

	// Pdeathsig fires when the starting thread ends, not the process, so the
	// thread must be kept until the child has been waited for.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	child := &childResult{limit: r.cpuLimit, stdout: boundedBuffer{limit: maxReport}, stderr: boundedBuffer{limit: maxStderr}}
	cmd := r.command(timed, child, append([]string{"--input", sourcePath, "--output", outDir}, more...))
	err := cmd.Run()
	child.state = cmd.ProcessState
	switch exit := new(exec.ExitError); {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case timed.Err() != nil:
		return nil, fmt.Errorf("render program did not end within %s: the machine is overloaded or the limit too short", r.timeout)
	case err != nil && !errors.As(err, &exit):
		return nil, fmt.Errorf("run render program: %w", err)
	}
	return child, nil
}

func (r Renderer) command(ctx context.Context, child *childResult, arguments []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.program, arguments...) //nolint:gosec // our own program by configuration; the paths are the worker's own temporary ones
	// An empty, non-nil environment: nil would mean the worker's own, with its
	// database password in it. The child sets what libvips needs by itself.
	cmd.Env = []string{}
	cmd.Stdout, cmd.Stderr = &child.stdout, &child.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = drainFor
	return cmd
}

// report tells the three ways a child can end apart: renditions, a finding
// about the image, or a fault of the machinery.
func (c *childResult) report() (Report, error) {
	status, ok := c.state.Sys().(syscall.WaitStatus)
	if !ok {
		return Report{}, fmt.Errorf("render program ended with a status of type %T, which this system should not have", c.state.Sys())
	}
	switch {
	case status.Signaled():
		return Report{}, c.died(status.Signal())
	case status.ExitStatus() == 0:
		return c.parse()
	case status.ExitStatus() == ExitNotRenderable:
		return Report{}, c.finding()
	case status.ExitStatus() == goCrash:
		return Report{}, c.crashed()
	}
	return Report{}, fmt.Errorf("render program failed with exit code %d: %s", status.ExitStatus(), c.stderr.text())
}

// died explains a signal. The kernel sends SIGKILL for RLIMIT_CPU, which would
// happen again. Any other SIGKILL says nothing about the image: an operator sent
// it, or the kernel of a machine without memory. As a finding it would leave a
// sound picture without previews for ever. Render's own SIGKILL never gets here.
func (c *childResult) died(signal syscall.Signal) error {
	switch signal {
	case syscall.SIGKILL:
		if c.cpu() >= c.limit-cpuTolerance {
			return c.exceeded(signal)
		}
		return fmt.Errorf("render program was killed from outside (%s after %s of CPU)", signal, c.cpu())
	case syscall.SIGXCPU, syscall.SIGXFSZ:
		return c.exceeded(signal)
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
		return fmt.Errorf("render program was stopped from outside (%s)", signal)
	default:
		return c.crashed()
	}
}

func (c *childResult) exceeded(signal syscall.Signal) error {
	return NotRenderable{TooExpensive, fmt.Sprintf("decoding used up its limits (%s after %s of CPU)", signal, c.cpu())}
}

// cpuLimit is the RLIMIT_CPU that cmd/render/start.go sets.
const cpuLimit = 30 * time.Second

// cpuTolerance is how far the reported CPU time may be below the one that the
// kernel compares with the limit.
const cpuTolerance = 500 * time.Millisecond

func (c *childResult) cpu() time.Duration {
	return (c.state.UserTime() + c.state.SystemTime()).Round(time.Millisecond)
}

// goCrash is the exit code of the Go runtime when it dies, which includes
// every SIGSEGV and SIGABRT inside libvips.
const goCrash = 2

// crashed tells a decoder that ran out of memory from one that broke, and both
// from a machine that has no threads left, which the image cannot help.
func (c *childResult) crashed() error {
	stderr := c.stderr.text()
	switch {
	case strings.Contains(stderr, "failed to create new OS thread"):
		return fmt.Errorf("render program could not start a thread: %s", stderr)
	case containsAny(stderr, "out of memory", "cannot allocate memory", "failed to allocate", "bad_alloc"):
		return NotRenderable{TooExpensive, "decoding needs more memory than it may have"}
	}
	return NotRenderable{Crashed, "the decoder died on this image: " + firstLine(stderr)}
}

func containsAny(s string, words ...string) bool {
	for _, word := range words {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}

func (c *childResult) finding() error {
	report, err := c.decode()
	if err != nil {
		return err
	}
	if report.Error == nil || !report.Error.Code.known() {
		return errors.New("render program refused the image without a known reason")
	}
	return NotRenderable{report.Error.Code, printable(report.Error.Message)}
}

func (c *childResult) parse() (Report, error) {
	report, err := c.decode()
	if err != nil {
		return Report{}, err
	}
	if report.Error != nil {
		return Report{}, errors.New("render program reports an error and exit code 0")
	}
	return report, nil
}

func (c *childResult) decode() (Report, error) {
	if c.stdout.cut {
		return Report{}, fmt.Errorf("render program printed more than %d bytes", maxReport)
	}
	var report Report
	if err := json.Unmarshal(c.stdout.kept, &report); err != nil {
		return Report{}, fmt.Errorf("read report of render program: %w", err)
	}
	return report, nil
}

// boundedBuffer keeps the first bytes of a stream and swallows the rest, so that a
// child that floods a pipe costs the parent nothing and does not block.
type boundedBuffer struct {
	limit int
	kept  []byte
	cut   bool
}

func (c *boundedBuffer) Write(p []byte) (int, error) {
	room := c.limit - len(c.kept)
	if len(p) > room {
		c.kept, c.cut = append(c.kept, p[:room]...), true
		return len(p), nil
	}
	c.kept = append(c.kept, p...)
	return len(p), nil
}

func (c *boundedBuffer) text() string {
	return printable(string(c.kept))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// printable makes a child's words safe for a log line and a database column.
func printable(s string) string {
	const longest = 500
	clean := strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return -1
	}, s)
	clean = strings.TrimSpace(clean)
	if runes := []rune(clean); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return clean
}
