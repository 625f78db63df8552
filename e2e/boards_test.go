package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"satchel/internal/freeport"
)

// quiet are metrics that have no series in a stack of the tests, each with its reason. What asks
// for one of them is parsed and not expected to have data.
var quiet = map[string]string{
	"satchel_edge_answers_total":                    "counted when a cache asks",
	"satchel_edge_backlog_keys":                     "there is no cache to tell here",
	"satchel_api_rate_limited_total":                "counted when somebody asks too often",
	"satchel_worker_activities_total":               "counted here when an activity fails",
	"temporal_workflow_task_execution_failed_total": "counted when a workflow cannot go on",
	"satchel_webhook_attempts_total":                "counted with the first webhook",
	"satchel_roblox_requests_total":                 "counted with the first request",
	"satchel_roblox_turn_wait_seconds":              "counted with the first request",
	"satchel_sweep_items_total":                     "counted when a sweep finds something",
	"satchel_database_archive_waiting_segments":     "Postgres archives nothing here",
	"satchel_database_slot_kept_bytes":              "there is no replica here",
	"satchel_replica_lag_seconds":                   "there is no replica here",
	"satchel_database_reads_total":                  "there is no replica here",
	"satchel_backup_last_success_timestamp_seconds": "of the operator's backups",
	"persistence_errors":                            "counted when Temporal's database fails",
	"pg_stat_statements":                            "of an exporter that does not run here",
	"node_filesystem_avail_bytes":                   "of an exporter that does not run here",
	"probe_ssl_earliest_cert_expiry":                "of an exporter that does not run here",
}

// TestBoardsHaveData: Debian's Prometheus with the shipped rules reads a stack that does something,
// and each query of the boards has an answer there.
func TestBoardsHaveData(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("needs Debian's package prometheus, which `make unit` installs")
	}
	address := freeport.Address(t).String()
	rules, err := filepath.Abs("../deploy/prometheus/rules.yaml")
	require.NoError(t, err)
	job := func(name, metrics string) map[string]any {
		u, err := url.Parse(metrics)
		require.NoError(t, err)
		return map[string]any{"job_name": name, "static_configs": []any{map[string]any{"targets": []string{u.Host}}}}
	}
	config, err := yaml.Marshal(map[string]any{
		"global": map[string]string{"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": []string{rules},
		"scrape_configs": []any{job("satchel-api", local.Metrics.API), job("satchel-worker", local.Metrics.Worker)},
	})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prometheus.yaml"), config, 0o600))
	run := exec.CommandContext(t.Context(), program, "--config.file", filepath.Join(dir, "prometheus.yaml"), "--storage.tsdb.path", filepath.Join(dir, "data"),
		"--web.listen-address", address, "--log.level", "warn")
	run.Stderr = t.Output()
	require.NoError(t, run.Start())
	t.Cleanup(func() { _ = run.Wait() }) // behind the end of the test's context

	s := newSchool(t)
	settled(t, s.Teacher, mustUpload(t, s.Teacher, "notes.txt", text(5000)))
	settled(t, s.Teacher, mustUpload(t, s.Teacher, "eicar.txt", eicar()))
	asked := 0
	for _, query := range watched(t, false) { // to an alert no answer is the good one
		if missing := quietIn(query); missing != "" {
			continue
		}
		asked++
		query = strings.ReplaceAll(query, "$__rate_interval", "1m")
		require.Eventually(t, func() bool {
			found, err := queryOf(t, address, query)
			return err == nil && found > 0
		}, patience, 200*time.Millisecond, "no data: %s", query)
	}
	require.Greater(t, asked, 40)
}

func quietIn(query string) string {
	for name := range quiet {
		if strings.Contains(query, name) {
			return name
		}
	}
	return ""
}

// queryOf asks Prometheus, and counts the series of the answer.
func queryOf(t *testing.T, address, query string) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/api/v1/query?query="+url.QueryEscape(query), nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	var said struct {
		Error string
		Data  struct{ Result []any }
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		return 0, err
	}
	require.Empty(t, said.Error, query)
	return len(said.Data.Result), nil
}
