package schema_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/internal/schema"
)

// TestAMigrationLetsOthersPass: while somebody holds a table, a change of it does not stand in the line
// before the requests behind; it comes again, and is not left half done.
func TestAMigrationLetsOthersPass(t *testing.T) {
	t.Parallel()
	d := pgtest.Clone(t)
	admin := d.Admin(t)
	_, err := admin.Exec(t.Context(), `create schema tried; grant all on schema tried to satchel_test_owner`)
	require.NoError(t, err)
	owner := d.OwnerURL + "&search_path=tried"
	if !strings.Contains(d.OwnerURL, "?") {
		owner = d.OwnerURL + "?search_path=tried"
	}
	files := fstest.MapFS{
		"000001_a.up.sql": {Data: []byte(`create table held (id bigint); create table free (id bigint);`)},
	}
	_, err = schema.Change(t.Context(), owner, files)
	require.NoError(t, err)
	files["000002_b.up.sql"] = &fstest.MapFile{Data: []byte(`alter table free add column a text; alter table held add column b text;`)}

	holder, err := pgx.Connect(t.Context(), d.AdminURL)
	require.NoError(t, err)
	defer func() { _ = holder.Close(t.Context()) }()
	tx, err := holder.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `select * from tried.held`)
	require.NoError(t, err)

	done := make(chan error, 1)
	go func() {
		version, err := schema.Change(t.Context(), owner, files)
		if err == nil && version != 2 {
			err = errors.New("another version")
		}
		done <- err
	}()
	waits := func() bool { return wanted(t, admin, "held") }
	require.Eventually(t, waits, 30*time.Second, 20*time.Millisecond, "it wants the lock")
	require.Eventually(t, func() bool { return !waits() }, 30*time.Second, 20*time.Millisecond, "and lets others pass")
	select {
	case err := <-done:
		t.Fatalf("the migration ended without its lock: %v", err)
	default:
	}
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-done)
	var columns int
	require.NoError(t, admin.QueryRow(t.Context(), `select count(*) from information_schema.columns where table_schema = 'tried' and table_name in ('held', 'free')`).Scan(&columns))
	require.Equal(t, 4, columns)
}

// wanted says whether somebody waits for a table.
func wanted(t *testing.T, admin *pgx.Conn, table string) bool {
	t.Helper()
	var n int
	require.NoError(t, admin.QueryRow(t.Context(), `select count(*) from pg_locks l join pg_class c on c.oid = l.relation
		join pg_database d on d.oid = l.database and d.datname = current_database() where c.relname = $1 and not l.granted`, table).Scan(&n))
	return n > 0
}

// TestADeadlockIsTriedAgain: of a request and a migration that wait for each other, PostgreSQL may end the
// migration, which comes again then.
func TestADeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := pgtest.Clone(t)
	admin := d.Admin(t)
	_, err := admin.Exec(t.Context(), `create schema tried; grant all on schema tried to satchel_test_owner`)
	require.NoError(t, err)
	owner := d.OwnerURL + "&search_path=tried"
	if !strings.Contains(d.OwnerURL, "?") {
		owner = d.OwnerURL + "?search_path=tried"
	}
	files := fstest.MapFS{"000001_a.up.sql": {Data: []byte(`create table circled (id bigint); create table taken (id bigint);`)}}
	_, err = schema.Change(t.Context(), owner, files)
	require.NoError(t, err)
	files["000002_b.up.sql"] = &fstest.MapFile{Data: []byte(`alter table taken add column b text; alter table circled add column b text;`)}

	holder, err := pgx.Connect(t.Context(), d.AdminURL)
	require.NoError(t, err)
	defer func() { _ = holder.Close(t.Context()) }()
	_, err = holder.Exec(t.Context(), `set deadlock_timeout = '10min'`) // it is the migration that is ended
	require.NoError(t, err)
	tx, err := holder.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `select from tried.circled`)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := schema.Change(t.Context(), owner, files)
		done <- err
	}()
	require.Eventually(t, func() bool { return wanted(t, admin, "circled") }, 30*time.Second, 5*time.Millisecond, "it wants the lock")
	_, err = tx.Exec(t.Context(), `select from tried.taken`)
	require.NoError(t, err, "the request goes on")
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-done)
}
