package rls_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/policies/rls"
)

// connect opens a connection that waits for a lock as `migrate up` does.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	config.RuntimeParams["lock_timeout"] = "3s"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func look(t *testing.T, conn *pgx.Conn) (s string) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), snapshot).Scan(&s))
	require.Contains(t, s, "policy files.people_read")
	require.Contains(t, s, "trigger file_versions.c_quota")
	require.Contains(t, s, "view version_view")
	// A column without a name in a view gets one when the view is made from the catalog's text.
	return strings.ReplaceAll(s, "::text AS text,", "::text,")
}

func exec(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
}

func TestApplyingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	d := pgtest.Clone(t)
	owner := connect(t, d.OwnerURL)
	first := look(t, owner)
	require.NoError(t, rls.Apply(t.Context(), owner))
	require.Equal(t, first, look(t, owner))
	require.NoError(t, rls.Lay(t.Context(), owner))
	require.Equal(t, first, look(t, owner), "as every file in one transaction makes it")
}

// ofFunctionsAndRights are changes by hand that no lock of a table takes back.
var ofFunctionsAndRights = []string{
	"grant delete on files to satchel_people",
	"grant all on months.activity_events_before to satchel_app",
	"grant select on files to satchel_app with grant option",
	"grant update on files to satchel_backup",
	"grant update (name) on organizations to public",
	"revoke select on spaces from satchel_app",
	"revoke update (tier) on organizations from satchel_app",
	"grant create on schema app to satchel_people",
	"grant usage on schema months to satchel_people",
	"revoke usage on schema app from satchel_app",
	"grant execute on function app.number_events() to public",
	"revoke execute on function app.my_level(uuid) from satchel_people",
	"alter function app.files_trashed(uuid, interval, uuid, integer) reset search_path",
	"alter function app.files_trashed(uuid, interval, uuid, integer) owner to satchel_test_owner",
	"create or replace function app.org() returns uuid language sql stable parallel safe as 'select null::uuid'",
	"create function app.tell_version() returns integer language sql as 'select 1'", // of a release before
	"drop function app.tiers()",
	"create function app.tiers() returns integer language sql as 'select 1'",
	"drop function app.role_level(text, text)",
}

// ofTables are changes by hand that take the lock of their table or view back.
var ofTables = []string{
	"drop policy tenant on files",
	"alter policy people_read on file_versions using (true)",
	"alter policy organization on classes to public",
	"create policy other on people to satchel_app using (true)",
	"create policy open on months.activity_events_default to satchel_app using (true)",
	"drop policy backup on months.activity_events_before",
	"alter table members disable row level security",
	"alter table spaces no force row level security",
	"drop trigger c_quota on file_versions",
	"alter table files disable trigger d_tell",
	"create or replace trigger b_event after update of name on files for each row execute function app.file_event()",
	"create function app.step_event() returns trigger language plpgsql as 'begin return null; end'", // of a release before
	"create trigger a_event after insert on version_steps for each row execute function app.step_event()",
	"alter view usage_levels reset (security_invoker)",
	"alter view listed_files owner to satchel_test_owner",
	"drop view tagged_files",
	"drop view usage_crossings",
	"create view usage_crossings as select 1 as one",
}

// TestWhatWasChangedByHandIsTakenBack, and what differs from a release before: of every kind of thing.
func TestWhatWasChangedByHandIsTakenBack(t *testing.T) {
	t.Parallel()
	d := pgtest.Clone(t)
	owner := connect(t, d.OwnerURL)
	first := look(t, owner)
	exec(t, owner, ofFunctionsAndRights...)
	exec(t, owner, ofTables...)
	exec(t, owner, "create view mine as select 1 as one", "grant select on mine to satchel_app, pg_monitor")
	require.NoError(t, rls.Apply(t.Context(), owner))
	requests := busy(t, d)
	require.NoError(t, rls.Apply(t.Context(), owner), "there is nothing left to change")
	require.NoError(t, requests.Rollback(t.Context()))
	var rights string
	require.NoError(t, owner.QueryRow(t.Context(), "select relacl::text from pg_class where oid = 'mine'::regclass").Scan(&rights))
	require.NotContains(t, rights, "satchel_app=")
	require.Contains(t, rights, "pg_monitor=", "other roles are the operator's")
	exec(t, owner, "drop view mine")
	require.Equal(t, first, look(t, owner))
}

// busy holds every table and view as requests that read and write do.
func busy(t *testing.T, d *pgtest.Database) pgx.Tx {
	t.Helper()
	tx, err := d.Admin(t).Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `do $$ declare t regclass; mode text; begin
		for t, mode in select c.oid::regclass, case c.relkind when 'v' then 'access share' else 'row exclusive' end from pg_class c where c.relnamespace in ('public'::regnamespace, 'app'::regnamespace, 'months'::regnamespace) and c.relkind in ('r', 'p', 'v') loop
			execute format('lock table %s in %s mode', t, mode);
		end loop; end $$`)
	require.NoError(t, err)
	return tx
}

// TestUnchangedRulesLockNoTable: nor do rights and functions that changed.
func TestUnchangedRulesLockNoTable(t *testing.T) {
	t.Parallel()
	d := pgtest.Clone(t)
	owner := connect(t, d.OwnerURL)
	first := look(t, owner)
	exec(t, owner, ofFunctionsAndRights...)
	requests := busy(t, d)
	for range 2 {
		require.NoError(t, rls.Apply(t.Context(), owner))
		require.Equal(t, first, look(t, owner))
	}
	require.NoError(t, requests.Rollback(t.Context()))
}

// TestRulesLetOthersPass: a table that a long transaction reads stops the requests neither of other tables nor its own, and
// nothing is changed until all is.
func TestRulesLetOthersPass(t *testing.T) {
	t.Parallel()
	d := pgtest.Clone(t)
	admin := d.Admin(t)
	owner := connect(t, d.OwnerURL)
	first := look(t, owner)
	exec(t, owner, "drop policy tenant on classes", "drop policy tenant on files", "grant delete on files to satchel_people")
	tampered := look(t, admin)
	reader, err := d.Admin(t).Begin(t.Context())
	require.NoError(t, err)
	_, err = reader.Exec(t.Context(), "select from files")
	require.NoError(t, err)

	done := make(chan error, 1)
	go func() { done <- rls.Apply(context.Background(), owner) }()
	waits := func(also string) func() bool {
		return func() (yes bool) {
			require.NoError(t, admin.QueryRow(t.Context(), `select exists (select from pg_locks l where l.relation = 'files'::regclass and l.mode = 'AccessExclusiveLock' and not l.granted`+also+")").Scan(&yes))
			return yes
		}
	}
	require.Eventually(t, waits(""), 30*time.Second, 5*time.Millisecond, "it wants the lock")
	require.Eventually(t, func() bool { return !waits("")() }, 30*time.Second, 5*time.Millisecond, "and lets others pass")
	requests := connect(t, d.AdminURL)
	exec(t, requests, "select from files", "select from classes")
	const alone = " and not exists (select from pg_locks h where h.pid = l.pid and h.relation = 'classes'::regclass and h.mode = 'AccessExclusiveLock')"
	require.Eventually(t, waits(alone), 30*time.Second, 5*time.Millisecond, "it comes again, and holds nothing while it waits")
	exec(t, requests, "select from classes")
	require.Equal(t, tampered, look(t, admin))
	select {
	case err := <-done:
		t.Fatalf("the rules ended without their lock: %v", err)
	default:
	}
	require.NoError(t, reader.Rollback(t.Context()))
	require.NoError(t, <-done)
	require.Equal(t, first, look(t, admin))
}
