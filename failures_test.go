package satchel_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// proof is how docs/failures.md names a test or a measurement.
var proof = regexp.MustCompile("`(make bench|[a-z0-9/]+) (Test\\w+|[a-z]+)`")

// TestFailuresAreProved keeps docs/failures.md true: every row names a test that
// is there, or says that its subject is not.
func TestFailuresAreProved(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("docs", "failures.md"))
	require.NoError(t, err)
	measurements, err := os.ReadFile(filepath.Join("bench", "main.go"))
	require.NoError(t, err)
	rows := 0
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.Contains(line, "| proved by |") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		named := proof.FindAllStringSubmatch(cells[len(cells)-1], -1)
		if len(named) == 0 {
			require.Contains(t, cells[len(cells)-1], "not built yet", line)
		}
		for _, n := range named {
			if n[1] == "make bench" {
				require.Contains(t, string(measurements), `{"`+n[2]+`", `, "no such measurement: %s", n[2])
				continue
			}
			require.True(t, hasTest(t, n[1], n[2]), "%s has no %s", n[1], n[2])
		}
	}
	require.Greater(t, rows, 25)
}

// hasTest looks for a test in a package's own files.
func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(string(text), "\nfunc "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}
