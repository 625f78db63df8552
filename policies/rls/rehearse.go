package rls

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The schemas of a rehearsal. No other transaction ever sees them.
const (
	rehearsal       = "satchel_rehearsal"
	rehearsalMonths = "satchel_rehearsal_months"
	before          = "satchel_before"
)

// elsewhere leads the files to the schemas of the rehearsal. The functions of the schema app keep their name: there
// is another schema of that name.
var elsewhere = strings.NewReplacer(
	"schema public, app, months ", "schema "+rehearsal+", app, "+rehearsalMonths+" ",
	"schema public", "schema "+rehearsal,
	"'public'::regnamespace", "'"+rehearsal+"'::regnamespace",
	"'months'::regnamespace", "'"+rehearsalMonths+"'::regnamespace",
)

// copies lists the statements that make, in the schemas of the rehearsal, what the files build on: empty tables with the
// columns of those that there are, and the functions and triggers that there are, since a file may drop some. $1 to
// $3 are the schemas of the rehearsal.
const copies = `
select made from (
    select 1 as place, c.oid, format('create collation app.%I from %I.%I', c.collname, $3::text, c.collname) as made
      from pg_collation c where c.collnamespace = 'app'::regnamespace
    union all
    select 2, c.oid, format(case c.relkind when 'S' then 'create sequence %1$I.%3$I' else 'create table %1$I.%3$I (like %2$I.%3$I)' end,
               case n.nspname when 'public' then $1::text when 'months' then $2::text else 'app' end, case n.nspname when 'app' then $3::text else n.nspname end, c.relname)
           || case when n.nspname = 'months' and c.relkind <> 'S' then format('; alter table %I.%I enable row level security, force row level security', $2::text, c.relname) else '' end
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('public', 'app', 'months') and c.relkind in ('r', 'p', 'S')
    union all
    select 3, p.oid, pg_get_functiondef(p.oid) from pg_proc p
     where p.pronamespace = 'app'::regnamespace and p.prokind in ('f', 'p') and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
    union all
    select 4, g.oid, pg_get_triggerdef(g.oid, true) from pg_trigger g join pg_class c on c.oid = g.tgrelid
     where c.relnamespace in ('public'::regnamespace, 'app'::regnamespace) and c.relkind in ('r', 'p') and not g.tgisinternal and g.tgparentid = 0
) made order by place, oid`

// rehearse runs the files on copies in schemas of their own, reads what they make of them, and takes it all back. It
// locks no table against reading or writing.
func rehearse(ctx context.Context, tx pgx.Tx) (wanted things, err error) {
	has, err := read(ctx, tx, objects, "public", "months")
	if err != nil {
		return nil, err
	}
	stage, err := tx.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stage.Rollback(ctx)) }()
	rows, err := stage.Query(ctx, copies, rehearsal, rehearsalMonths, before)
	if err != nil {
		return nil, fmt.Errorf("read what the access rules build on: %w", err)
	}
	made, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read what the access rules build on: %w", err)
	}
	// A name is all that a schema changes here: none of its tables and functions is locked.
	const schemas = "alter schema app rename to " + before + "; create schema app; create schema " + rehearsal + "; create schema " + rehearsalMonths + `;
		set local search_path = ` + rehearsal + `, public, pg_temp; set local check_function_bodies = off;`
	if _, err := stage.Exec(ctx, schemas+strings.Join(made, ";\n")); err != nil {
		return nil, fmt.Errorf("rehearse the access rules: %w", err)
	}
	if err := lay(ctx, stage, elsewhere); err != nil {
		return nil, fmt.Errorf("rehearse the access rules: %w", err)
	}
	if err := nothingElse(ctx, stage); err != nil {
		return nil, err
	}
	wanted, err = read(ctx, stage, objects+" union all "+rights, rehearsal, rehearsalMonths)
	if err != nil {
		return nil, err
	}
	return wanted, again(ctx, stage, has, wanted)
}

// again makes what differs once more, from the text that the catalog has of it, as a database has it that was changed by
// bring. PostgreSQL may write that in another way (a column of a union gets a name), and it is the same.
func again(ctx context.Context, stage pgx.Tx, has, wanted things) error {
	d := compare(has, wanted)
	made := slices.Concat(d.made[view], d.made[policy])
	for _, t := range made {
		here := strings.NewReplacer("public.", rehearsal+".", "months.", rehearsalMonths+".").Replace(t.Relation)
		sql := strings.Replace(t.Make, t.Relation, here, 1)
		if t.Kind == policy {
			sql = strings.Replace(t.Drop, t.Relation, here, 1) + ";" + sql
		}
		if _, err := stage.Exec(ctx, sql); err != nil {
			return fmt.Errorf("rehearse %s: %w", sql, err)
		}
	}
	if len(made) == 0 {
		return nil
	}
	now, err := read(ctx, stage, objects, rehearsal, rehearsalMonths)
	if err != nil {
		return err
	}
	for _, t := range made {
		k := key{t.Kind, t.Key}
		t.Again = now[k].State
		wanted[k] = t
	}
	return nil
}

// nothingElse refuses a file that names a table with its schema. It would change the table that is used, have
// its lock, and be taken back with the rehearsal.
func nothingElse(ctx context.Context, stage pgx.Tx) error {
	var names *string
	err := stage.QueryRow(ctx, `select string_agg(distinct format('%I.%I', n.nspname, c.relname), ', ') from pg_locks l join pg_class c on c.oid = l.relation
		join pg_namespace n on n.oid = c.relnamespace where l.pid = pg_backend_pid() and n.nspname in ('public', 'months', $1)
		 and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`, before).Scan(&names)
	if err != nil {
		return fmt.Errorf("look what the rehearsal locks: %w", err)
	}
	if names != nil {
		return fmt.Errorf("the access rules name %s with its schema, and so cannot be rehearsed: leave the schema out", *names)
	}
	return nil
}
