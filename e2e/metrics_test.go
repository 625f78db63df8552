package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var (
	series  = regexp.MustCompile(`^([a-z_:]+?)(?:_bucket|_count|_sum)?(?:\{(.*)\})? `)
	label   = regexp.MustCompile(`([a-z_]+)="`)
	grouped = regexp.MustCompile(`\b(?:by|on) ?\(([^)]*)\)`)
	named   = regexp.MustCompile(`\b(?:satchel|temporal)_[a-z_]+`)
)

// TestMetrics: what `promtool check metrics` says of both programs, as they are scraped; and each label
// by which a rule or a board groups is one that the metric has.
func TestMetrics(t *testing.T) {
	t.Parallel()
	labels := map[string]map[string]bool{}
	for _, url := range []string{local.Metrics.API, local.Metrics.Worker} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, resp.Body.Close())
		require.NoError(t, err)
		problems, err := promlint.New(bytes.NewReader(text)).Lint()
		require.NoError(t, err, url)
		require.Empty(t, problems, url)
		for line := range strings.Lines(string(text)) {
			if m := series.FindStringSubmatch(line); m != nil {
				if labels[m[1]] == nil {
					labels[m[1]] = map[string]bool{"le": true, "job": true, "instance": true}
				}
				for _, l := range label.FindAllStringSubmatch(m[2], -1) {
					labels[m[1]][l[1]] = true
				}
			}
		}
	}
	there := 0
	for _, query := range watched(t, true) {
		names := named.FindAllString(grouped.ReplaceAllString(query, ""), -1)
		for _, by := range grouped.FindAllStringSubmatch(query, -1) {
			for _, name := range names {
				known := labels[strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count")]
				if known == nil {
					continue // nothing was counted yet
				}
				there++
				for l := range strings.SplitSeq(by[1], ",") {
					require.True(t, known[strings.TrimSpace(l)], "%s has no label %s, which %s asks for", name, l, query)
				}
			}
		}
	}
	require.Greater(t, there, 20)
}

// watched are the queries of the rules, with or without those of alerts, and of the boards.
func watched(t *testing.T, alerts bool) (queries []string) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	text, err := os.ReadFile("../deploy/prometheus/rules.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &file))
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if alerts || r.Alert == "" {
				queries = append(queries, r.Expr)
			}
		}
	}
	boards, err := filepath.Glob("../deploy/grafana/*.json")
	require.NoError(t, err)
	for _, path := range boards {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var b struct {
			Panels []struct{ Targets []struct{ Expr string } }
		}
		require.NoError(t, json.Unmarshal(text, &b))
		for _, p := range b.Panels {
			for _, q := range p.Targets {
				queries = append(queries, q.Expr)
			}
		}
	}
	return queries
}
