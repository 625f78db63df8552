// Package prometheus checks what operators are given to watch Satchel with.
package prometheus

import (
	"os"
	"os/exec"
	"path/filepath"
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

// TestTheirOwnPrograms: Prometheus and Alertmanager take the files, and each alert does in its
// cases what they say.
func TestTheirOwnPrograms(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"promtool", "check", "config", "prometheus.yaml"}, {"promtool", "test", "rules", "rules_test.yaml", "rules_days_test.yaml"}, {"amtool", "check-config", "alertmanager.yaml"}} {
		out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
		require.NoError(t, err, "%s: %s", strings.Join(args, " "), out)
	}
}

// TestPagesReachPeople: each severity of the rules has its way, and what is for now goes by
// mail and to the webhook.
func TestPagesReachPeople(t *testing.T) {
	t.Parallel()
	for severity, receiver := range map[string]string{"page": "pages", "ticket": "tickets"} {
		out, err := exec.CommandContext(t.Context(), "amtool", "config", "routes", "test", "--config.file=alertmanager.yaml", "severity="+severity).Output()
		require.NoError(t, err, "%s", out)
		require.Equal(t, receiver, strings.TrimSpace(string(out)))
	}
	var file struct {
		Receivers []struct {
			Name     string
			Mails    []any `yaml:"email_configs"`
			Webhooks []any `yaml:"webhook_configs"`
		}
	}
	read(t, "alertmanager.yaml", &file)
	for _, r := range file.Receivers {
		require.NotEmpty(t, r.Mails, r.Name)
		require.Equal(t, r.Name == "pages", len(r.Webhooks) > 0, r.Name)
	}
}

// TestEachAlertIsComplete: it has a page that says what to do, a severity that
// alertmanager.yaml knows, a case in which it fires and one in which it does not.
func TestEachAlertIsComplete(t *testing.T) {
	t.Parallel()
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, name := range []string{"rules_test.yaml", "rules_days_test.yaml"} {
		var cases struct {
			Tests []struct {
				Alerts []struct {
					Name   string `yaml:"alertname"`
					Expect []any  `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			}
		}
		read(t, name, &cases)
		for _, c := range cases.Tests {
			for _, a := range c.Alerts {
				if len(a.Expect) > 0 {
					fires[a.Name] = true
				} else {
					quiet[a.Name] = true
				}
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
		if e.Name() == "README.md" { // their list
			continue
		}
		require.True(t, pages[e.Name()], "docs/runbooks/%s belongs to no alert", e.Name())
	}
}
