package types

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/types.md from the table")

// The page that users read is the table that the validator reads.
func TestDocs(t *testing.T) {
	t.Parallel()
	page := filepath.Join("..", "..", "docs", "types.md")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(page), 0o755))
		require.NoError(t, os.WriteFile(page, []byte(Markdown()), 0o644))
	}
	got, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, Markdown(), string(got), "run: go test ./policies/types -run TestDocs -update")
}
