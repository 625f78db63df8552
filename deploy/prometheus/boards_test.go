package prometheus

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// board is what a test reads of a board of Grafana.
type board struct {
	UID    string
	Title  string
	Panels []struct {
		Title, Type string
		Targets     []struct {
			Expr   string
			Legend string `json:"legendFormat"`
		}
		Config struct{ Defaults struct{ Unit string } } `json:"fieldConfig"`
	}
}

// TestBoards: each query is one that Prometheus takes, over metrics that a program exports. That
// the boards are those of deploy/tools/boards is checked by `make lint`.
func TestBoards(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(root, "deploy/grafana/*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	recorded := map[string]bool{}
	for _, r := range rules(t) {
		recorded[r.Record] = r.Record != ""
	}
	var group []map[string]string
	uids := map[string]bool{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var b board
		require.NoError(t, json.Unmarshal(text, &b))
		require.False(t, b.UID == "" || uids[b.UID], path)
		uids[b.UID] = true
		for _, p := range b.Panels {
			if p.Type == "row" {
				continue
			}
			where := b.Title + ", " + p.Title
			require.NotEmpty(t, p.Targets, where)
			require.NotEmpty(t, p.Config.Defaults.Unit, where)
			for _, q := range p.Targets {
				require.NotEmpty(t, q.Legend, where)
				for _, name := range names(q.Expr) {
					requireMetric(t, name, where)
				}
				for _, name := range recording.FindAllString(q.Expr, -1) {
					require.True(t, recorded[name], "%s asks for %s, which rules.yaml does not record", where, name)
				}
				group = append(group, map[string]string{"record": "x", "expr": strings.ReplaceAll(q.Expr, "$__rate_interval", "5m")})
			}
		}
	}
	require.Greater(t, len(group), 50)
	written, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "boards", "rules": group}}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "boards.yaml")
	require.NoError(t, os.WriteFile(file, written, 0o600))
	out, err := exec.CommandContext(t.Context(), "promtool", "check", "rules", "--lint=none", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
