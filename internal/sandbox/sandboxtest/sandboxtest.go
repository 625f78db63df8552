// Package sandboxtest builds the sandbox for tests, and programs that behave badly in it.
package sandboxtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/sandbox"
)

// New gives a runner with a sandbox that is built once for a test program.
func New(t testing.TB) sandbox.Runner {
	t.Helper()
	program, err := build()
	require.NoError(t, err)
	runner, err := sandbox.New(sandbox.Config{Program: program})
	require.NoError(t, err)
	return runner
}

// build makes the program once for all tests of a package, in a folder of the system's
// temporary files. It outlives each of them, so that no test removes it from another.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sandboxtest-*")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "sandbox")
	cmd := exec.Command("go", "build", "-o", program, "satchel/cmd/sandbox") //nolint:gosec // the test's own folder
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return program, nil
})

// Bad is a program that behaves badly.
type Bad struct {
	Name   string
	Script string         // of /bin/sh, with nothing but what the shell does itself
	Limits sandbox.Limits // so short that the test ends soon; zero for the usual ones
	Want   sandbox.Code   // the finding
}

// BadPrograms are fakes under the names of what they do. unreadable is what the caller
// says of a program that ends without a result.
func BadPrograms(unreadable sandbox.Code) []Bad {
	return []Bad{
		{"fake-hangs", "kill -STOP $$", sandbox.Limits{Wall: time.Second}, sandbox.TimedOut},
		{"fake-spins", "while :; do :; done", sandbox.Limits{CPU: time.Second}, sandbox.TooExpensive},
		{"fake-fills-the-disk", "i=0; while :; do i=$((i+1)); printf '%0100000d' 0 >part$i; done", sandbox.Limits{Folder: 8 << 20}, sandbox.TooExpensive},
		{"fake-forks", "while :; do (:) & done", sandbox.Limits{}, unreadable},
		{"fake-dies", "kill -SEGV $$", sandbox.Limits{}, sandbox.Crashed},
		{"fake-refuses", "exit 1", sandbox.Limits{}, unreadable},
		{"fake-makes-nothing", "exit 0", sandbox.Limits{}, unreadable},
	}
}

// Install writes the fake into a folder and gives its path.
func (b Bad) Install(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), b.Name)
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+b.Script+"\n"), 0o700)) //nolint:gosec // a program
	return path
}

// Require demands the finding.
func (b Bad) Require(t *testing.T, err error) {
	t.Helper()
	var finding sandbox.Finding
	require.ErrorAs(t, err, &finding)
	require.Equal(t, b.Want, finding.Code, finding.Message)
}
