package schema

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// grown is a table that grows without end. It is partitioned by month, in UTC, of one of its
// columns. Its partitions are in the schema months, which no role of the platform may use.
type grown struct{ table, column string }

var byMonth = []grown{
	{"activity_events", "at"},
	{"audit_events", "month"},
}

// swapTimeout is how long the exchange of a table waits for a lock: less than the time after
// which Postgres looks for a deadlock (deadlock_timeout, a second), so that a request which
// has changed its organization and waits for the table goes on and is not ended.
const swapTimeout = "300ms"

// partitionByMonth makes a partitioned table of each that is none yet. It does so while the
// programs run, and in steps, each of which may be the last before the process dies: the next
// run goes on. No row is written again, and no index is made: the table of before becomes the
// first partition with the keys and indexes that it has. Only the exchange locks others out,
// for as long as it takes to write some rows of the catalog.
func partitionByMonth(ctx context.Context, conn *pgx.Conn, now time.Time) error {
	if err := patiently(ctx, func() error {
		_, err := conn.Exec(ctx, `select pg_advisory_lock(hashtextextended('satchel months', 0))`)
		return err
	}); err != nil {
		return fmt.Errorf("wait for another migration: %w", err)
	}
	defer func() {
		_, _ = conn.Exec(context.WithoutCancel(ctx), `select pg_advisory_unlock(hashtextextended('satchel months', 0))`)
	}()
	for _, g := range byMonth {
		if err := g.partition(ctx, conn, now); err != nil {
			return fmt.Errorf("partition %s by month: %w", g.table, err)
		}
	}
	return nil
}

func (g grown) partition(ctx context.Context, conn *pgx.Conn, now time.Time) error {
	var plain bool
	if err := conn.QueryRow(ctx, `select relkind = 'r' from pg_class where oid = $1::text::regclass`, "public."+g.table).Scan(&plain); err != nil || !plain {
		return err
	}
	slog.InfoContext(ctx, "a table becomes the first partition of itself", "table", g.table)
	// Rows of a month or more can be written until the exchange is made.
	year, month, _ := now.UTC().Date()
	until := time.Date(year, month+2, 1, 0, 0, 0, 0, time.UTC).Format("2006-01-02 15:04:05+00")
	bound := "alter table public." + g.table + " drop constraint if exists until_months, add constraint until_months check (" + g.column + " < '" + until + "') not valid"
	validate := "alter table public." + g.table + " validate constraint until_months" // reads the table, and lets it be read and written
	for _, sql := range []string{bound, validate} {
		if err := patiently(ctx, func() error {
			_, err := conn.Exec(ctx, sql)
			return err
		}); err != nil {
			return g.giveUp(ctx, conn, err)
		}
	}
	if err := patiently(ctx, func() error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return g.swap(ctx, tx, until) })
	}); err != nil {
		return g.giveUp(ctx, conn, err)
	}
	return nil
}

// giveUp takes the bound away again. Left behind, it would refuse rows in a month or two.
func (g grown) giveUp(ctx context.Context, conn *pgx.Conn, why error) error {
	_, err := conn.Exec(context.WithoutCancel(ctx), "alter table if exists public."+g.table+" drop constraint if exists until_months")
	if err != nil {
		err = fmt.Errorf("run `migrate up` again before the month after next, or drop the constraint until_months of %s: %w", g.table, err)
	}
	var pg *pgconn.PgError
	if errors.As(why, &pg) && pg.Code == "23514" { // check_violation
		why = fmt.Errorf("%w: it has rows of a time to come; look for those whose %s is more than a month ahead", why, g.column)
	}
	return errors.Join(why, err)
}

// swap puts a partitioned table in the place of the table, with its rules, rights, triggers
// and indexes, and the table into that. Programs that wait for the table meanwhile
// find the new one by its name.
func (g grown) swap(ctx context.Context, tx pgx.Tx, until string) error {
	before, blank := g.table+"_before", g.table+"_default"
	for _, sql := range []string{
		"set local lock_timeout = '" + swapTimeout + "'",
		"lock table public." + g.table + " in access exclusive mode",
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	has, err := g.belongings(ctx, tx)
	if err != nil {
		return err
	}
	for _, sql := range slices.Concat(has.drop, []string{
		"alter table public." + g.table + " set schema months",
		"alter table months." + g.table + " rename to " + before,
		"alter table months." + before + " enable row level security, force row level security",
		"create table public." + g.table + " (like months." + before + " including defaults including constraints including storage) partition by range (" + g.column + ")",
		"alter table public." + g.table + " drop constraint until_months",
		"create table months." + blank + " (like months." + before + " including defaults including constraints including indexes)",
		"alter table months." + blank + " drop constraint until_months",
		"alter table months." + blank + " enable row level security, force row level security",
	}, has.create, []string{
		"alter table public." + g.table + " attach partition months." + before + " for values from (minvalue) to ('" + until + "')",
		"alter table public." + g.table + " attach partition months." + blank + " default",
		"alter table months." + before + " drop constraint until_months", // its bound says the same
	}) {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// belongingsQuery lists what a table has beside its columns, its checks and its keys, as the
// statements that take it from the table and that give it to the new one, before the partitions
// are attached. A reference is one of each partition, as the keys are: one of the partitioned table
// would lock organizations, which every request reads, while it is exchanged. A trigger of a statement stays where it is too: app.ensure_months has each partition
// have it.
const belongingsQuery = `
with t as (select c.oid, c.relname, format('public.%I', c.relname) as name, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity
             from pg_class c where c.oid = $1::text::regclass),
roles as (select 0::oid as oid, 'public' as name union all select r.oid, quote_ident(r.rolname) from pg_roles r)
select '' as drop, pg_get_indexdef(i.indexrelid) as create from t join pg_index i on i.indrelid = t.oid where not i.indisunique
union all
select '', format('alter table months.%I add constraint %I %s', t.relname || '_default', k.conname, pg_get_constraintdef(k.oid)) from t join pg_constraint k on k.conrelid = t.oid where k.contype = 'f'
union all
select case when g.tgtype & 1 = 1 then format('drop trigger %I on %s', g.tgname, t.name) else '' end, pg_get_triggerdef(g.oid)
  from t join pg_trigger g on g.tgrelid = t.oid where not g.tgisinternal
union all
select '', format('alter table %s enable row level security, force row level security', t.name) from t where t.relrowsecurity and t.relforcerowsecurity
union all
select case when p.polname = 'backup' then '' else format('drop policy %I on %s', p.polname, t.name) end,
       format('create policy %I on %s as %s for %s to %s', p.polname, t.name, case when p.polpermissive then 'permissive' else 'restrictive' end,
              case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
              (select string_agg(r.name, ', ') from roles r where r.oid = any (p.polroles)))
         || coalesce(' using (' || pg_get_expr(p.polqual, p.polrelid) || ')', '') || coalesce(' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
  from t join pg_policy p on p.polrelid = t.oid
union all
select case when r.name = 'satchel_backup' then '' else format('revoke all on %s from %s', t.name, r.name) end, format('grant %s on %s to %s', a.privilege_type, t.name, r.name)
  from t cross join aclexplode(t.relacl) a join roles r on r.oid = a.grantee where a.grantee <> t.relowner
union all
select format('revoke all on %s from %s', t.name, r.name), format('grant %s (%I) on %s to %s', a.privilege_type, c.attname, t.name, r.name)
  from t join pg_attribute c on c.attrelid = t.oid and not c.attisdropped cross join aclexplode(c.attacl) a join roles r on r.oid = a.grantee`

// belongings are those statements.
type belongings struct{ drop, create []string }

func (g grown) belongings(ctx context.Context, tx pgx.Tx) (has belongings, err error) {
	rows, err := tx.Query(ctx, belongingsQuery, "public."+g.table)
	if err != nil {
		return has, err
	}
	defer rows.Close()
	for rows.Next() {
		var drop, create string
		if err := rows.Scan(&drop, &create); err != nil {
			return has, err
		}
		if drop != "" {
			has.drop = append(has.drop, drop)
		}
		has.create = append(has.create, create)
	}
	return has, rows.Err()
}

// ensureMonths makes the months that are to come.
func ensureMonths(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `select of_table, month, did, wrong from app.ensure_months()`)
	if err != nil {
		return fmt.Errorf("make partitions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var table, month, did string
		var wrong bool
		if err := rows.Scan(&table, &month, &did, &wrong); err != nil {
			return fmt.Errorf("make partitions: %w", err)
		}
		level := slog.LevelInfo
		if wrong {
			level = slog.LevelWarn
		}
		slog.Log(ctx, level, "partition by month", "table", table, "partition", month, "did", did)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("make partitions: %w", err)
	}
	return nil
}
