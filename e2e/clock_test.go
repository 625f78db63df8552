package e2e

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// superuser reads and writes the database from behind its rules.
func superuser(t *testing.T) *pgx.Conn {
	t.Helper()
	ctx := testContext(t)
	config, err := pgx.ParseConfig(local.Superuser)
	require.NoError(t, err)
	config.Database = "satchel"
	conn, err := pgx.ConnectConfig(ctx, config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(ctx)) })
	return conn
}

// moments are the tables of organizations, each with what moves its times back. A time that is a
// part of a key stays, and the audit log is not moved: its times are in its hashes.
const moments = `select c.relname::text, string_agg(format('%1$I = %1$I - $2::interval', a.attname), ', ')
	from pg_class c join pg_attribute o on o.attrelid = c.oid and o.attname = 'organization_id'
	join pg_attribute a on a.attrelid = c.oid and a.atttypid = 'timestamptz'::regtype and not a.attisdropped and a.attgenerated = ''
	where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname not like 'audit\_%'
	and not exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and a.attnum = any (i.indkey::smallint[]))
	group by 1 order by 1`

// passes lets so much time pass for one school. Nothing of the platform knows of it: the clock
// of a school is how far the times in its rows lie behind now, so they are moved back, as a
// superuser, past the triggers that keep them. Other schools of the stack keep their time.
// What waits for a timer is started by the sweep that starts what was lost.
func (s school) passes(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, conn := testContext(t), superuser(t)
	tx, err := conn.Begin(ctx)
	require.NoError(t, err)
	_, err = tx.Exec(ctx, "set local session_replication_role = replica")
	require.NoError(t, err)
	rows, err := tx.Query(ctx, moments)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (table [2]string, err error) {
		return table, r.Scan(&table[0], &table[1])
	})
	require.NoError(t, err)
	require.Greater(t, len(tables), 20)
	for _, table := range tables {
		_, err = tx.Exec(ctx, fmt.Sprintf("update %s set %s where organization_id = $1", table[0], table[1]), s.ID, d)
		require.NoError(t, err, table[0])
	}
	require.NoError(t, tx.Commit(ctx))
}

// sweeping keeps the tests that hurry the sweeps from doing it all the time.
var sweeping struct {
	sync.Mutex
	last time.Time
}

// hurry has the worker run its sweeps now, at most every three seconds.
func hurry(t *testing.T) {
	t.Helper()
	sweeping.Lock()
	defer sweeping.Unlock()
	if time.Since(sweeping.last) > 3*time.Second {
		signal(t, "worker", syscall.SIGUSR1)
		sweeping.last = time.Now()
	}
}

// comes waits for what a sweep does.
func comes(t *testing.T, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		hurry(t)
		return done()
	}, patience, 250*time.Millisecond, what)
}
