package vips

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSandboxHolds has the real program try what a taken-over decoder would.
// Landlock is the one wall a kernel may lack, and then the report must say so.
func TestSandboxHolds(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(renderProgram, "--check", "--output", t.TempDir())
	cmd.Env = append(os.Environ(), "SATCHEL_DATABASE_URL=postgres://secret", "VIPS_BLOCK_UNTRUSTED=")
	out, _ := cmd.Output()
	var result struct {
		Sandbox  []string
		Attempts []struct {
			Name, Detail string
			Refused      bool
		}
	}
	require.NoError(t, json.Unmarshal(out, &result), string(out))
	require.Subset(t, result.Sandbox, []string{"rlimits", "no_new_privs", "seccomp"})
	require.Len(t, result.Attempts, 16)
	exit := 0
	for _, attempt := range result.Attempts {
		if !attempt.Refused && strings.Contains(attempt.Detail, "no Landlock") {
			exit = ExitFault
			continue
		}
		require.True(t, attempt.Refused, "%s: %s", attempt.Name, attempt.Detail)
	}
	require.Equal(t, exit, cmd.ProcessState.ExitCode())
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		code int
		text string
	}{
		"help":         {[]string{"--help"}, 0, "Exit codes"},
		"no input":     {[]string{"--output", "/tmp"}, ExitUsage, "--input is missing"},
		"no output":    {[]string{"--input", "x"}, ExitUsage, "--output is missing"},
		"unknown flag": {[]string{"--quality", "9"}, ExitUsage, "quality"},
		"stray word":   {[]string{"x.png"}, ExitUsage, "unexpected argument"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(renderProgram, c.args...)
			out, _ := cmd.CombinedOutput()
			require.Equal(t, c.code, cmd.ProcessState.ExitCode())
			require.Contains(t, string(out), c.text)
		})
	}
}

// TestParentStaysSmall renders photos of 24 megapixels one after another. What
// the parent allocates for one is a few renditions, never a picture.
func TestParentStaysSmall(t *testing.T) {
	b := setup(t)
	source := writeSource(t, asJPEG(t, opaque(corners(6000, 4000))))
	allocated := func() uint64 {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.TotalAlloc
	}
	before := allocated()
	for range 10 {
		result, err := b.renderer.Render(t.Context(), source, b.out)
		require.NoError(t, err)
		require.Len(t, result.Renditions, 6)
		require.NoError(t, empty(b.out))
	}
	require.Less(t, (allocated()-before)/10, uint64(8<<20), "bytes allocated for one photo")
}

func TestCaptureIsBounded(t *testing.T) {
	t.Parallel()
	c := boundedBuffer{limit: 10}
	for range 100 {
		n, err := c.Write(bytes.Repeat([]byte("x"), 7))
		require.NoError(t, err)
		require.Equal(t, 7, n)
	}
	require.Len(t, c.kept, 10)
	require.True(t, c.cut)
}
