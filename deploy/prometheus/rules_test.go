// Package prometheus checks what operators are given to watch Satchel with.
package prometheus

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const root = "../.."

type rule struct {
	Alert       string            `yaml:"alert"`
	Record      string            `yaml:"record"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func rules(t *testing.T) (all []rule) {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []rule }
	}
	read(t, "rules.yaml", &file)
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	require.NotEmpty(t, all)
	return all
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(b, into))
}

// TestPromtool: Prometheus takes the files, and each alert does in its cases what they say.
func TestPromtool(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"check", "config", "prometheus.yaml"}, {"test", "rules", "rules_test.yaml"}} {
		out, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput()
		require.NoError(t, err, "promtool %s: %s", strings.Join(args, " "), out)
	}
}

// TestEachAlertIsComplete: it has a page that says what to do, a severity that
// alertmanager.yaml knows, a case in which it fires and one in which it does not.
func TestEachAlertIsComplete(t *testing.T) {
	t.Parallel()
	var cases struct {
		Tests []struct {
			Alerts []struct {
				Name   string `yaml:"alertname"`
				Expect []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	read(t, "rules_test.yaml", &cases)
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, c := range cases.Tests {
		for _, a := range c.Alerts {
			if len(a.Expect) > 0 {
				fires[a.Name] = true
			} else {
				quiet[a.Name] = true
			}
		}
	}
	pages := map[string]bool{}
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		require.True(t, fires[r.Alert], "%s fires in no case", r.Alert)
		require.True(t, quiet[r.Alert], "%s is quiet in no case", r.Alert)
		require.Contains(t, []string{"page", "ticket"}, r.Labels["severity"], r.Alert)
		require.NotEmpty(t, r.Annotations["summary"], r.Alert)
		require.FileExists(t, filepath.Join(root, r.Annotations["runbook"]), r.Alert)
		pages[filepath.Base(r.Annotations["runbook"])] = true
	}
	there, err := os.ReadDir(filepath.Join(root, "docs/runbooks"))
	require.NoError(t, err)
	for _, e := range there {
		require.True(t, pages[e.Name()], "docs/runbooks/%s belongs to no alert", e.Name())
	}
}

var (
	ours    = regexp.MustCompile(`\bsatchel_[a-z0-9_]+\b`)
	literal = regexp.MustCompile(`"(satchel_[a-z0-9_]+)"`)
	parts   = regexp.MustCompile(`_(bucket|count|sum)$`)
)

// TestMetricsExist: a rule that names a metric which no program has never fires.
func TestMetricsExist(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	require.NoError(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "node_modules" || e.Name() == "web" || strings.HasPrefix(e.Name(), ".") && path != root):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		b, err := os.ReadFile(path) //nolint:gosec // the project's own sources
		if err != nil {
			return err
		}
		for _, m := range literal.FindAllSubmatch(b, -1) {
			named[string(m[1])] = true
		}
		if bytes.Contains(b, []byte(`"satchel_database_" + name`)) {
			for _, m := range regexp.MustCompile(`gauge\("([a-z_]+)"`).FindAllSubmatch(b, -1) {
				named["satchel_database_"+string(m[1])] = true
			}
		}
		return nil
	}))
	for _, r := range rules(t) {
		for _, name := range ours.FindAllString(r.Expr, -1) {
			require.True(t, named[name] || named[parts.ReplaceAllString(name, "")], "%s%s asks for %s, which no program exports", r.Alert, r.Record, name)
		}
	}
}
