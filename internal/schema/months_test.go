package schema_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"satchel/internal/pgtest"
	"satchel/internal/schema"
	"satchel/migrations"
	"satchel/policies/rls"
	"satchel/tenancy"
)

// unpartitioned is a database as it was before its tables were partitioned, with the rules.
func unpartitioned(t *testing.T) (*pgtest.Database, *pgx.Conn) {
	t.Helper()
	d := pgtest.Clone(t)
	admin := d.Admin(t)
	_, err := admin.Exec(t.Context(), `drop schema public, app, months, ext cascade; create schema public authorization satchel_test_owner`)
	require.NoError(t, err)
	_, err = schema.Change(t.Context(), d.OwnerURL, migrations.Files)
	require.NoError(t, err)
	owner, err := pgx.Connect(t.Context(), d.OwnerURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = owner.Close(context.Background()) })
	_, err = owner.Exec(t.Context(), "alter table audit_events drop column month") // migrated gives it again
	require.NoError(t, err)
	require.NoError(t, rls.Apply(t.Context(), owner))
	d.DB, err = tenancy.Open(t.Context(), tenancy.Config{URL: d.AppURL, MaxConns: 4, Timeout: time.Minute})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d, admin
}

// migrated runs the migration that unpartitioned has taken back: those behind it are in force.
func migrated(t *testing.T, d *pgtest.Database) {
	t.Helper()
	sql, err := fs.ReadFile(migrations.Files, "000055_audit_months.up.sql")
	require.NoError(t, err)
	owner, err := pgx.Connect(t.Context(), d.OwnerURL)
	require.NoError(t, err)
	_, err = owner.Exec(t.Context(), string(sql))
	require.NoError(t, err)
	require.NoError(t, owner.Close(t.Context()))
}

func partitions(t *testing.T, admin *pgx.Conn, table string) (names []string) {
	t.Helper()
	rows, err := admin.Query(t.Context(), `select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = ('public.' || $1)::regclass order by 1`, table)
	require.NoError(t, err)
	names, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

func count(t *testing.T, admin *pgx.Conn, sql string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, admin.QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

// month names the partition of a month so many after this one.
func month(table string, after int) string {
	y, m, _ := time.Now().UTC().Date()
	return table + time.Date(y, m+time.Month(after), 1, 0, 0, 0, 0, time.UTC).Format("_2006_01")
}

const activityInsert = "insert into activity_events (organization_id, source, seq, at, verb) values (app.org(), 'event', $1, $2, 'upload') on conflict do nothing"

const auditInsert = "insert into audit_events (organization_id, event) values (app.org(), $1)"

func auditEvent(org tenancy.OrgID) string {
	return `{"action":"file.trash","actor":"","address":"","at":"2026-01-01T00:00:00Z","code":"","key":"","object":"file","object_id":"f","organization":"` + org.String() + `","request":"","result":"done","role":"system"}`
}

// TestTablesBecomePartitionsOfThemselves: the upgrade of a table with rows writes none of them
// again and makes no index again, leaves its rules, and programs with prepared statements go on.
func TestTablesBecomePartitionsOfThemselves(t *testing.T) {
	t.Parallel()
	d, admin := unpartitioned(t)
	org := d.Organization(t, 1)
	conn := d.Single(org)
	now := time.Now()
	insert := func() {
		for i := range 3 { // the statement is prepared on its connection
			_, err := conn.Exec(t.Context(), activityInsert, i+1, now.AddDate(0, -i, 0))
			require.NoError(t, err)
			_, err = conn.Exec(t.Context(), auditInsert, auditEvent(org))
			require.NoError(t, err)
		}
	}
	insert()
	const rules = `select string_agg(line, e'\n' order by line) from (
		select format('%s %s %s %s %s', polname, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) as line from pg_policy where polrelid = ('public.' || $1)::regclass
		union all select format('%s %s', grantee, privilege_type) from information_schema.table_privileges where table_schema = 'public' and table_name = $1
		union all select format('%s %s', attname, attacl) from pg_attribute where attrelid = ('public.' || $1)::regclass and attacl is not null
		union all select replace(replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON '), 'public.', '') from pg_index where indrelid = ('public.' || $1)::regclass and not indisunique
		union all select pg_get_constraintdef(oid) from pg_constraint where conrelid = ('public.' || $1)::regclass and contype = 'c'
		union all select pg_get_triggerdef(oid) from pg_trigger where tgrelid = ('public.' || $1)::regclass and not tgisinternal) s`
	const files = `select string_agg(pg_relation_filenode(r)::text, ' ' order by r) from (
		select c.oid as r from pg_class c where c.oid = $1::text::regclass union all select indexrelid from pg_index where indrelid = $1::text::regclass) s`
	tables := []string{"activity_events", "audit_events"}
	had, stored := map[string]string{}, map[string]string{}
	for _, table := range tables {
		var has, at string
		require.NoError(t, admin.QueryRow(t.Context(), rules, table).Scan(&has))
		require.NoError(t, admin.QueryRow(t.Context(), files, "public."+table).Scan(&at))
		had[table], stored[table] = has, at
	}

	migrated(t, d)
	_, err := schema.Up(t.Context(), schema.Config{OwnerURL: d.OwnerURL})
	require.NoError(t, err)
	for _, table := range tables {
		require.Equal(t, []string{month(table, 2), month(table, 3), table + "_before", table + "_default"}, partitions(t, admin, table))
		var has, at string
		require.NoError(t, admin.QueryRow(t.Context(), rules, table).Scan(&has))
		require.Equal(t, had[table], has)
		for _, partition := range partitions(t, admin, table) {
			require.Equal(t, 1, count(t, admin, "select count(*) from pg_constraint where conrelid = ('months.' || $1)::regclass and contype = 'f' and confrelid = 'organizations'::regclass", partition), partition)
		}
		require.NoError(t, admin.QueryRow(t.Context(), files, "months."+table+"_before").Scan(&at))
		require.Equal(t, stored[table], at, "no row and no index of %s was written again", table)
	}
	require.Equal(t, 3, count(t, admin, "select count(*) from activity_events"))
	insert()
	require.Equal(t, 3, count(t, admin, "select count(*) from activity_events"), "what there is already is not added")
	require.Equal(t, 6, count(t, admin, `select count(*) from (select e.*, coalesce(lag(e.hash) over (order by e.seq), decode(repeat('00', 32), 'hex')) as before from audit_events e where organization_id = $1) c
		where hash = sha256(before || int8send(seq) || convert_to(event, 'UTF8'))`, org), "the chain goes on")
	require.Equal(t, 3, count(t, admin, "select count(*) from audit_events where month = '-infinity'"), "what was there before has no month")
	require.Equal(t, 3, count(t, admin, "select count(*) from audit_events where month = date_trunc('month', now() at time zone 'UTC')"))
	_, err = schema.Up(t.Context(), schema.Config{OwnerURL: d.OwnerURL})
	require.NoError(t, err, "again")
}

// TestRowsAreWrittenWhileTablesAreExchanged: no transaction fails, and none of its rows is lost. Each reads
// its organization first and records last, as requests do, or only records.
func TestRowsAreWrittenWhileTablesAreExchanged(t *testing.T) {
	t.Parallel()
	d, admin := unpartitioned(t)
	config, err := pgx.ParseConfig(d.OwnerURL)
	require.NoError(t, err)
	config.RuntimeParams["lock_timeout"] = "3s" // as schema.Up has it
	owner, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	defer func() { _ = owner.Close(context.Background()) }()
	ended := make(chan struct{})
	var written [4]int
	var group errgroup.Group
	for w := range written {
		org := d.Organization(t, 1)
		group.Go(func() error {
			for {
				select {
				case <-ended:
					return nil
				default:
				}
				err := d.InTx(context.Background(), org, func(tx *tenancy.Tx) error {
					if w%2 == 0 {
						if _, err := tx.Exec(context.Background(), "select name from organizations"); err != nil {
							return err
						}
					}
					_, err := tx.Exec(context.Background(), auditInsert, auditEvent(org))
					return err
				})
				if err != nil {
					return err
				}
				written[w]++
			}
		})
	}
	migrated(t, d)
	err = schema.PartitionByMonth(t.Context(), owner, time.Now())
	close(ended)
	require.NoError(t, group.Wait())
	require.NoError(t, err)
	sum := 0
	for _, n := range written {
		require.Positive(t, n)
		sum += n
	}
	require.Equal(t, sum, count(t, admin, "select count(*) from audit_events"))
	require.Equal(t, sum, count(t, admin, "select count(distinct (organization_id, seq)) from audit_events"))
	require.Equal(t, []string{"audit_events_before", "audit_events_default"}, partitions(t, admin, "audit_events"))
}

// TestAnExchangeGoesOnWhereItWas: an exchange that does not get its locks is tried again and
// leaves nothing, and what dies between two steps is gone on with.
func TestAnExchangeGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	d, admin := unpartitioned(t)
	_, err := admin.Exec(t.Context(), "alter table activity_events add constraint until_months check (at < '2000-01-01') not valid") // died after that, long ago
	require.NoError(t, err)
	holder, err := pgx.Connect(t.Context(), d.AdminURL)
	require.NoError(t, err)
	defer func() { _ = holder.Close(context.Background()) }()
	tx, err := holder.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "select from activity_events")
	require.NoError(t, err)
	migrated(t, d)
	done := make(chan error, 1)
	go func() {
		_, err := schema.Up(context.Background(), schema.Config{OwnerURL: d.OwnerURL})
		done <- err
	}()
	waits := func() bool {
		return count(t, admin, "select count(*) from pg_locks where relation = 'activity_events'::regclass and not granted") > 0
	}
	require.Eventually(t, waits, 30*time.Second, 5*time.Millisecond, "it wants the lock")
	require.Eventually(t, func() bool { return !waits() }, 30*time.Second, 5*time.Millisecond, "and lets others pass")
	require.Equal(t, 1, count(t, admin, "select count(*) from pg_class where relname = 'activity_events' and relkind = 'r'"))
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-done)
	require.Len(t, partitions(t, admin, "activity_events"), 4)
}

// TestARowOfATimeToComeStopsTheExchange: then the bound is taken away again.
func TestARowOfATimeToComeStopsTheExchange(t *testing.T) {
	t.Parallel()
	d, admin := unpartitioned(t)
	org := d.Organization(t, 1)
	_, err := d.Single(org).Exec(t.Context(), activityInsert, 1, time.Now().AddDate(1, 0, 0))
	require.NoError(t, err)
	migrated(t, d)
	_, err = schema.Up(t.Context(), schema.Config{OwnerURL: d.OwnerURL})
	require.ErrorContains(t, err, "rows of a time to come")
	require.Zero(t, count(t, admin, "select count(*) from pg_constraint where conname = 'until_months'"))
}

// TestMonthsOfActivity: rows go into their month, one for which there is none into the default
// partition, which is said; keys hold; and a month whose events have all been kept for their
// time goes whole.
func TestMonthsOfActivity(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	admin := d.Admin(t)
	org := d.Organization(t, 1)
	_, err := d.EnsureMonths(t.Context()) // the database may be of a month before
	require.NoError(t, err)
	insert := func(seq int, at time.Time) int64 {
		done, err := d.Single(org).Exec(t.Context(), activityInsert, seq, at)
		require.NoError(t, err)
		return done.RowsAffected()
	}
	y, m, _ := time.Now().UTC().Date()
	border := time.Date(y, m+3, 1, 0, 0, 0, 0, time.UTC)
	for i, at := range []time.Time{border.Add(-time.Microsecond), border, border.In(time.FixedZone("", -9*3600)), border.AddDate(0, 1, 0)} {
		require.EqualValues(t, 1, insert(i+1, at))
		require.Zero(t, insert(i+1, at), "the key of %s holds", at)
	}
	in := func(partition string) int { return count(t, admin, "select count(*) from months."+partition) }
	require.Equal(t, 1, in(month("activity_events", 2)))
	require.Equal(t, 2, in(month("activity_events", 3)))
	require.Equal(t, 1, in("activity_events_default"))

	said, err := d.EnsureMonths(t.Context())
	require.NoError(t, err)
	wrong := tenancy.MonthRef{Table: "activity_events", Partition: "activity_events_default", Did: "holds rows", Wrong: true}
	require.Contains(t, said, wrong)

	// The month of that row is not made later; the ones behind it are.
	_, err = admin.Exec(t.Context(), "drop table months."+month("activity_events", 3))
	require.NoError(t, err)
	require.EqualValues(t, 1, insert(2, border), "into the default partition")
	said, err = d.EnsureMonths(t.Context())
	require.NoError(t, err)
	require.Contains(t, said, tenancy.MonthRef{Table: "activity_events", Partition: month("activity_events", 3), Did: "is in the default partition", Wrong: true})
	require.Equal(t, 3, count(t, admin, "select count(*) from activity_events"))
	for _, sql := range []string{"delete from activity_events", "vacuum months.activity_events_default"} {
		_, err = admin.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	said, err = d.EnsureMonths(t.Context())
	require.NoError(t, err)
	require.Equal(t, []tenancy.MonthRef{{Table: "activity_events", Partition: month("activity_events", 3), Did: "made"}}, said, "made once they are gone")
	said, err = d.EnsureMonths(t.Context())
	require.NoError(t, err)
	require.Empty(t, said)
}

// TestAMonthGoesWhole: the month in which nothing is kept any more, also of an organization
// that has nothing new and is not rolled up again.
func TestAMonthGoesWhole(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	admin := d.Admin(t)
	org := d.Organization(t, 1)
	cut := time.Now().UTC().AddDate(0, 0, -400)
	start := time.Date(cut.Year(), cut.Month(), 1, 0, 0, 0, 0, time.UTC)
	stamp := func(at time.Time) string { return at.Format("2006-01-02 15:04:05+00") }
	for _, sql := range []string{
		"alter table activity_events detach partition months.activity_events_before",
		"alter table activity_events attach partition months.activity_events_before for values from (minvalue) to ('" + stamp(start) + "')",
		"create table months.activity_events_kept (like months.activity_events_default including all)",
		"alter table activity_events attach partition months.activity_events_kept for values from ('" + stamp(start) + "') to ('" + stamp(time.Now().UTC().AddDate(0, 0, 1)) + "')",
	} {
		_, err := admin.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	for i, at := range []time.Time{start.Add(-time.Second), start} {
		_, err := d.Single(org).Exec(t.Context(), activityInsert, i+1, at)
		require.NoError(t, err)
	}
	said, err := d.EnsureMonths(t.Context())
	require.NoError(t, err)
	require.Contains(t, said, tenancy.MonthRef{Table: "activity_events", Partition: "activity_events_before", Did: "dropped"})
	require.Equal(t, 1, count(t, admin, "select count(*) from activity_events"), "the month in which some are kept stays")
}

// TestReadsByTimeAskTheirMonths: with a bound on the time no other month is read.
func TestReadsByTimeAskTheirMonths(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	admin := d.Admin(t)
	org := d.Organization(t, 1)
	y, m, _ := time.Now().UTC().Date()
	from := time.Date(y, m+2, 1, 0, 0, 0, 0, time.UTC)
	read := planned(t, admin, fmt.Sprintf("select count(*) from activity_events where organization_id = '%s' and at >= '%s' and at < '%s'", org, from.Format(time.RFC3339), from.AddDate(0, 1, 0).Format(time.RFC3339)))
	require.Equal(t, []string{month("activity_events", 2)}, read)
	read = planned(t, admin, fmt.Sprintf("select seq from audit_events where organization_id = '%s' and month >= date_trunc('month', '%s'::timestamptz at time zone 'UTC')::date order by seq desc limit 10", org, from.Format(time.RFC3339)))
	require.ElementsMatch(t, []string{month("audit_events", 2), month("audit_events", 3), "audit_events_default"}, read)
}

// planned lists the tables that the plan of a statement reads.
func planned(t *testing.T, conn *pgx.Conn, sql string) (read []string) {
	t.Helper()
	var plan string
	require.NoError(t, conn.QueryRow(t.Context(), "explain (format json) "+sql).Scan(&plan))
	var nodes []struct{ Plan planNode }
	require.NoError(t, json.Unmarshal([]byte(plan), &nodes))
	var walk func(n planNode)
	walk = func(n planNode) {
		if n.Relation != "" {
			read = append(read, n.Relation)
		}
		for _, p := range n.Plans {
			walk(p)
		}
	}
	walk(nodes[0].Plan)
	return read
}

type planNode struct {
	Relation string `json:"Relation Name"`
	Plans    []planNode
}

// TestNoOneReadsAPartition: the application cannot name a partition, whatever it sets, and the
// owner that names one sees none of its rows.
func TestNoOneReadsAPartition(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org, other := d.Organization(t, 1), d.Organization(t, 1)
	for _, o := range []tenancy.OrgID{org, other} {
		_, err := d.Single(o).Exec(t.Context(), activityInsert, 1, time.Now())
		require.NoError(t, err)
	}
	for _, sql := range []string{"select count(*) from months.activity_events_before", "delete from months.activity_events_before", "insert into months.activity_events_before select from months.activity_events_before",
		"drop table months.activity_events_before", "alter table activity_events detach partition months.activity_events_before", "truncate activity_events"} {
		_, err := d.Single(org).Exec(t.Context(), sql)
		var pg *pgconn.PgError
		require.ErrorAs(t, err, &pg, sql)
		require.Equal(t, "42501", pg.Code, sql)
	}
	var n int
	require.NoError(t, d.Single(org).QueryRow(t.Context(), "select count(*) from activity_events").Scan(&n))
	require.Equal(t, 1, n, "through the table its own")
	owner, err := pgx.Connect(t.Context(), d.OwnerURL)
	require.NoError(t, err)
	defer func() { _ = owner.Close(context.Background()) }()
	require.Zero(t, count(t, owner, "select count(*) from months.activity_events_before"))
}

// TestNoPartitionOfTheAuditLogChanges, not even by the cluster's superuser.
func TestNoPartitionOfTheAuditLogChanges(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	admin := d.Admin(t)
	org := d.Organization(t, 1)
	for _, partition := range partitions(t, admin, "audit_events") {
		_, err := admin.Exec(t.Context(), "insert into audit_events (organization_id, event, month) values ($1, $2, coalesce(to_date(substring($3 from '...._..$'), 'YYYY_MM'), case when $3 like '%default' then date '2200-01-01' else '-infinity' end))", org, auditEvent(org), partition)
		require.NoError(t, err, partition)
		require.Equal(t, 1, count(t, admin, "select count(*) from months."+partition), partition)
		for _, sql := range []string{"delete from months." + partition, "update months." + partition + " set event = ''", "truncate months." + partition} {
			_, err := admin.Exec(t.Context(), sql)
			require.ErrorContains(t, err, "append-only", sql)
		}
	}
	for _, sql := range []string{"delete from audit_events", "truncate audit_events"} {
		_, err := admin.Exec(t.Context(), sql)
		require.ErrorContains(t, err, "append-only", sql)
	}
}
