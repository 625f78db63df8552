package vips

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func impostor(t *testing.T) testBundle {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return setupProgram(t, self)
}

func TestChildOutcomes(t *testing.T) {
	t.Parallel()
	const refusal = `{"error":{"code":"corrupt","message":"bad` + "\\u001b[31m\\u202e" + ` bytes"}}`
	for name, c := range map[string]struct {
		wish    string
		finding Code // empty for a fault
		text    string
	}{
		"finding":                {"refuse " + refusal, Corrupt, "bad[31m bytes"},
		"invented finding":       {`refuse {"error":{"code":"publish_it","message":""}}`, "", "without a known reason"},
		"finding without reason": {`refuse {}`, "", "without a known reason"},
		"finding without report": {"refuse nothing", "", "read report"},
		"fault":                  {"fail disk is full", "", "exit code 1: disk is full"},
		"says nothing":           {"print ", "", "read report"},
		"two reports":            {"print {}{}", "", "read report"},
		"error and success":      {"print " + refusal, "", "exit code 0"},
		"flood":                  {"flood", "", "printed more than"},
		"killed by a limit":      {"spin", TooExpensive, "used up its limits"},
		"killed by someone":      {"SIGKILL", "", "killed from outside"},
		"stopped by someone":     {"SIGTERM", "", "stopped from outside"},
		"segmentation fault":     {"crash SIGSEGV: segmentation violation\nPC=0x0", Crashed, "segmentation violation"},
		"out of memory":          {"crash GLib-ERROR: failed to allocate 4096 bytes", TooExpensive, "memory"},
		"no threads":             {"crash runtime: failed to create new OS thread", "", "thread"},
		"half a set":             {"litter", "", "exit code 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := impostor(t)
			b.renderer.cpuLimit = spinLimit
			_, err := b.render(t, []byte(c.wish))
			require.ErrorContains(t, err, c.text)
			var finding NotRenderable
			require.Equal(t, c.finding != "", errors.As(err, &finding), err)
			require.Equal(t, c.finding, finding.Code)
			requireEmpty(t, b.out)
		})
	}
}

// TestCPULimitIsTheProgramsOwn compares the limit by which a kill is judged with
// the one that the program sets for itself.
func TestCPULimitIsTheProgramsOwn(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../cmd/render/start.go")
	require.NoError(t, err)
	require.Contains(t, string(source), fmt.Sprintf("limit(RLIMIT_CPU, %d);", int(cpuLimit.Seconds())))
}

func TestChildSeesNoEnvironment(t *testing.T) {
	t.Setenv("SATCHEL_DATABASE_URL", "postgres://secret")
	_, err := impostor(t).render(t, []byte("environment"))
	require.ErrorContains(t, err, "environment: []")
}

func TestCancelKillsTheWholeGroup(t *testing.T) {
	t.Parallel()
	b := impostor(t)
	source := writeSource(t, []byte("hang"))
	ctx, cancel := context.WithCancelCause(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := b.renderer.Render(ctx, source, b.out)
		failed <- err
	}()
	pids := waitForPIDs(t, source)

	reason := errors.New("worker is stopping")
	cancel(reason)
	err := <-failed
	require.ErrorIs(t, err, reason)
	require.NotErrorAs(t, err, new(NotRenderable), "a stopped worker says nothing about the image")
	require.ErrorIs(t, syscall.Kill(pids[0], 0), syscall.ESRCH, "the child was not waited for")
	require.Eventually(t, func() bool { return gone(pids[1]) }, time.Minute, 10*time.Millisecond, "the child's child lives on")
}

func waitForPIDs(t *testing.T, source string) (pids [2]int) {
	t.Helper()
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(source + ".pids")
		if err != nil {
			return false
		}
		_, err = fmt.Sscan(string(text), &pids[0], &pids[1])
		return err == nil
	}, time.Minute, 10*time.Millisecond)
	return pids
}

// gone also holds for a zombie: an orphan is its new parent's to wait for.
func gone(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err != nil || strings.Contains(string(status), "State:\tZ")
}

func TestTimeoutIsAFault(t *testing.T) {
	t.Parallel()
	b := impostor(t)
	b.renderer.timeout = time.Second
	_, err := b.render(t, []byte("hang"))
	require.ErrorContains(t, err, "did not end within 1s")
	require.NotErrorAs(t, err, new(NotRenderable))
}

func TestAlreadyCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.renderer.Render(ctx, writeSource(t, asPNG(t, corners(8, 8))), b.out)
	require.ErrorIs(t, err, context.Canceled)
}
