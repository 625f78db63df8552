package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// TestPromoteWaitsForABusyTemporal: a worker that is told to ask less often is asked again, and not one that fails for
// another reason.
func TestPromoteWaitsForABusyTemporal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o700))
	script := fmt.Sprintf(`#!/bin/sh
cd %s
echo "$1" >>asked
case $1-$(grep -c "$1" asked) in
  *-1) echo "describe the versions of workers: %s 'satchel'. Please try again later" >&2; exit 1 ;;
  versions-2) echo '{"builds": [{"build": "new", "open": 7}, {"build": "old", "open": 3}]}' ;;
  versions-*) echo '{"builds": [{"build": "new", "open": 7}, {"build": "old", "open": 0}]}' ;;
esac
`, dir, tooOften)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bin", "worker"), []byte(script), 0o700))
	r := release{name: "new", dir: dir}
	synctest.Test(t, func(t *testing.T) { // its clock moves on when all wait
		require.NoError(t, r.promote(t.Context(), dir, "old"))
	})
	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	require.NoError(t, err)
	require.Equal(t, "promote\npromote\nversions\nversions\nversions\n", string(asked))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "bin", "worker"), []byte("#!/bin/sh\necho no Temporal >&2\nexit 1\n"), 0o700))
	require.ErrorContains(t, r.promote(t.Context(), dir, "old"), "no Temporal")
}
