package prometheus

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"satchel/internal/freeport"
	"satchel/internal/pgtest"
)

// TestStatements: Debian's exporter with statements.yaml tells which statements take the time, by the
// names that boards show, through a role that reads no row; and no value of a statement leaves by it.
func TestStatements(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("prometheus-postgres-exporter"); err != nil {
		t.Skip("needs Debian's package prometheus-postgres-exporter, which `make unit` installs")
	}
	c := pgtest.NewCluster(t, "-c", "shared_preload_libraries=pg_stat_statements")
	const password = "6b65707420666f72206974"
	roles := exec.CommandContext(t.Context(), "psql", "--no-psqlrc", "--quiet", "--dbname", c.URL(), "--file", root+"/deploy/local/services/roles.sql")
	roles.Env = append(os.Environ(), "OWNER_PASSWORD=owner", "MONITOR_PASSWORD="+password)
	said, err := roles.CombinedOutput()
	require.NoError(t, err, "%s", said)
	satchel, err := pgx.Connect(t.Context(), strings.Replace(c.URL(), "/postgres?", "/satchel?", 1))
	require.NoError(t, err)
	t.Cleanup(func() { _ = satchel.Close(context.Background()) })
	for _, sql := range []string{
		"create table letters (body text)", "insert into letters values ('Anna lives in Berlin')", "alter role satchel_owner password 'a word to keep'",
		"-- name: LetterCount :one\nselect count(*) from letters where body <> 'Anna'", "-- name: LetterCount :one\nselect count(*) from letters where body <> 'Anna'",
	} {
		_, err := satchel.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err, sql)
	}

	asMonitor := strings.Replace(c.URL(), "//postgres@", "//satchel_monitor@", 1)
	server, err := url.Parse(c.URL())
	require.NoError(t, err)
	text := scraped(t, server.Host, password)
	require.Contains(t, text, `pg_stat_statements_calls_total{server="`)
	require.Regexp(t, `pg_stat_statements_calls_total\{server="[^"]*",statement="LetterCount"\} 2\n`, text)
	require.Regexp(t, `pg_stat_statements_rows_total\{server="[^"]*",statement="insert into letters values \(\$1\)"\} 1\n`, text)
	require.Regexp(t, `statement="alter"`, text)
	require.NotRegexp(t, `Anna|Berlin|a word to keep|`+password, text)
	for name := range others(t) {
		if strings.HasPrefix(name, "pg_stat_statements_") {
			require.Regexp(t, `(?m)^`+regexp.QuoteMeta(name)+`\{`, text)
		}
	}
	problems, err := promlint.New(strings.NewReader(onlyStatements(text))).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)

	monitor, err := pgx.Connect(t.Context(), strings.Replace(asMonitor, "/postgres?", "/satchel?", 1))
	require.NoError(t, err)
	defer func() { _ = monitor.Close(context.Background()) }()
	_, err = monitor.Exec(t.Context(), "select body from letters")
	require.ErrorContains(t, err, "permission denied")
	_, err = monitor.Exec(t.Context(), "create temp table kept as select 1")
	require.ErrorContains(t, err, "read-only")
}

// scraped starts the exporter as the compose file does, at another address, and gives what it exports.
func scraped(t *testing.T, server, password string) (text string) {
	t.Helper()
	var compose struct {
		Services map[string]struct {
			Entrypoint  []string
			Environment map[string]string
		}
	}
	read(t, root+"/deploy/compose/compose.yaml", &compose)
	service := compose.Services["statements"]
	secret := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(secret, []byte(password), 0o600))
	source, args := service.Environment, service.Entrypoint
	require.Equal(t, "/run/secrets/postgres-satchel_monitor", source["DATA_SOURCE_PASS_FILE"])
	source["DATA_SOURCE_PASS_FILE"] = secret
	source["DATA_SOURCE_URI"] = strings.Replace(source["DATA_SOURCE_URI"], "postgres:5432", server, 1)
	for i := range args {
		args[i] = strings.Replace(args[i], "/etc/prometheus/", "", 1)
	}
	address := freeport.Address(t).String()
	run := exec.CommandContext(t.Context(), filepath.Base(args[0]), append(args[1:], "--web.listen-address="+address)...)
	for name, value := range source {
		run.Env = append(run.Env, name+"="+value)
	}
	run.Stderr = t.Output()
	require.NoError(t, run.Start())
	t.Cleanup(func() { _ = run.Wait() }) // behind the end of the test's context
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(resp.Body)
		text = string(b)
		return err == nil && strings.Contains(text, "pg_stat_statements_calls_total{")
	}, time.Minute, 50*time.Millisecond)
	return text
}

// onlyStatements leaves out what the exporter says of itself.
func onlyStatements(text string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, "pg_stat_statements_") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
