package audit_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/policies/audit"
)

var update = flag.Bool("update", false, "write docs/audit.md from the table")

// The page that auditors read is the table that Record reads.
func TestDocs(t *testing.T) {
	t.Parallel()
	page := filepath.Join("..", "..", "docs", "audit.md")
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(audit.Markdown()), 0o644))
	}
	got, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, audit.Markdown(), string(got), "run: go test ./policies/audit -run TestDocs -update")
}
