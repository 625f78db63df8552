package tenancy_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	program "os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/freeport"
	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// bouncer starts a PgBouncer of two server connections in front of a database, and gives its URL.
func bouncer(t *testing.T, d *pgtest.Database) string {
	t.Helper()
	to, err := url.Parse(d.AppURL)
	require.NoError(t, err)
	password, _ := to.User.Password()
	address := freeport.Address(t)

	dir, err := os.MkdirTemp("", "pgbouncer") // a test's own folder is closed to the user that PgBouncer becomes
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	require.NoError(t, os.Chmod(dir, 0o755))
	users := write("users.txt", fmt.Sprintf("%q %q\n", to.User.Username(), password))
	config := write("pgbouncer.ini", fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = %s
listen_port = %d
unix_socket_dir =
auth_type = plain
auth_file = %s
pool_mode = transaction
default_pool_size = 2
max_client_conn = 100
`, to.Hostname(), to.Port(), address.Addr(), address.Port(), users))
	args := []string{config}
	if os.Geteuid() == 0 {
		args = []string{"-u", "postgres", config} // it refuses to be root
	}
	p := program.CommandContext(context.WithoutCancel(t.Context()), "/usr/sbin/pgbouncer", args...)
	require.NoError(t, p.Start(), "PgBouncer is missing: `make build` installs it")
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait()
	})
	to.Host = address.String()
	require.Eventually(t, func() bool {
		c, err := pgx.Connect(t.Context(), to.String())
		if err == nil {
			_ = c.Close(t.Context())
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond, "PgBouncer does not answer")
	return to.String()
}

// TestThroughPgBouncer: many transactions of two organizations share two connections of the
// server. Each sees its own organization, has the platform's limits, and leaves nothing behind.
func TestThroughPgBouncer(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	orgs := []tenancy.OrgID{d.Organization(t, 1<<30), d.Organization(t, 1<<30)}
	through := bouncer(t, d)

	_, err := tenancy.Open(t.Context(), tenancy.Config{URL: through, MaxConns: 4, Timeout: time.Minute})
	require.Error(t, err, "without the setting the pooler refuses the parameters of a session")
	_, err = tenancy.Open(t.Context(), tenancy.Config{URL: through, MaxConns: 4, Timeout: time.Minute, Pooler: true})
	require.ErrorContains(t, err, "SATCHEL_DATABASE_SESSION_URL")

	db, err := tenancy.Open(t.Context(), tenancy.Config{URL: through, MaxConns: 8, Timeout: 90 * time.Second, Pooler: true, SessionURL: d.AppURL})
	require.NoError(t, err)
	defer db.Close()
	var wg sync.WaitGroup
	failed := make(chan error, 8)
	for n := range 8 {
		wg.Go(func() {
			for i := range 100 {
				org := orgs[(n+i)%2]
				if err := db.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
					var id, timeout, jit string
					var organizations int
					err := tx.QueryRow(t.Context(), "select app.org()::text, current_setting('statement_timeout'), current_setting('jit'), (select count(*) from organizations)").Scan(&id, &timeout, &jit, &organizations)
					if err == nil && (id != org.String() || timeout != "90s" || jit != "off" || organizations != 1) {
						err = fmt.Errorf("%s sees %s, %d organizations, timeout %s, jit %s", org, id, organizations, timeout, jit)
					}
					return err
				}); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	require.NoError(t, <-failed)

	for range 4 { // each server connection comes by
		var org string
		require.NoError(t, db.Pool().QueryRow(t.Context(), "select coalesce(current_setting('app.current_org_id', true), '')").Scan(&org))
		require.Empty(t, org)
	}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	heard := make(chan string, 8)
	go func() { _ = db.Listen(ctx, tenancy.Channels{"a_channel": func(p string) { heard <- p }}, nil) }()
	require.Empty(t, <-heard, "the connection is there")
	_, err = d.Admin(t).Exec(t.Context(), "select pg_notify('a_channel', 'a word')")
	require.NoError(t, err)
	select {
	case p := <-heard:
		require.Equal(t, "a word", p)
	case <-time.After(20 * time.Second):
		require.Fail(t, "a notification is not heard")
	}

	one, other := tenancy.NewLocks(db), tenancy.NewLocks(db)
	_, ok, err := one.Hold(t.Context(), "a lock")
	require.NoError(t, err)
	require.True(t, ok)
	_, ok, err = other.Hold(t.Context(), "a lock")
	require.NoError(t, err)
	require.False(t, ok, "a lock belongs to a session of its own, past the pooler")
	one.Release(t.Context(), "a lock")
}
