package rls

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// kind is what a thing of the catalog is.
type kind string

const (
	routine  kind = "routine"
	view     kind = "view"
	security kind = "security" // row-level security of a table is enabled and forced
	policy   kind = "policy"
	trigger  kind = "trigger"
	owner    kind = "owner"
	right    kind = "right"
)

// thing is something that the rules decide, as the catalog has it.
type thing struct {
	Kind     kind
	Key      string // what it is, without the state
	State    string // what is compared
	Again    string `db:"-"` // its state when it is made of its own text, which PostgreSQL may write in another way; "" where it is not known
	Shape    string // what `create or replace` cannot change
	Make     string // the statement that makes it
	Drop     string // the statement that takes it away
	Relation string // the table or view that either statement locks
	Age      uint32 // its object id: what it needs has a lower one
}

// is says whether a thing has the wanted state.
func (t thing) is(wanted thing) bool {
	return t.State == wanted.State || wanted.Again != "" && t.State == wanted.Again
}

type key struct {
	kind kind
	key  string
}

type things map[key]thing

// Who has the rights that the files decide. Rights and policies of other roles are the operator's.
var ruled = []string{"satchel_app", "satchel_people", "satchel_system", "satchel_views", "satchel_backup"}

// spaces names the schemas as the statements have to: $1 and $2 are those that are read for public and months.
const spaces = `
with spaces as (
    select n.oid, n.nspowner, n.nspacl, case n.nspname when $1::text then 'public' when $2::text then 'months' else 'app' end as name
      from pg_namespace n where n.nspname in ($1::text, $2::text, 'app')),
ruled as (
    select r.oid, quote_ident(r.rolname) as name from pg_roles r where r.rolname = any ($3::text[])
    union all select 0, 'public'),
relations as (
    select c.oid, c.relkind, c.relowner, c.relacl, c.reloptions, c.relrowsecurity and c.relforcerowsecurity as guarded, s.name as space, format('%I.%I', s.name, c.relname) as name
      from pg_class c join spaces s on s.oid = c.relnamespace where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')),
routines as (
    select p.oid, p.proowner, p.proacl, format('%I.%I(%s)', s.name, p.proname, oidvectortypes(p.proargtypes)) as name
      from pg_proc p join spaces s on s.oid = p.pronamespace where s.name = 'app' and p.prokind in ('f', 'p')
       and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'))
`

// objects are functions, views and what belongs to tables. A policy of other roles alone is not among them, nor is a trigger
// of a partition, which comes with its table's.
const objects = `
select 'routine' as kind, p.name as key, pg_get_functiondef(p.oid) as state, concat(pg_get_function_result(p.oid), ' ', pg_get_function_identity_arguments(p.oid)) as shape,
       pg_get_functiondef(p.oid) as make, 'drop routine ' || p.name as drop, '' as relation, p.oid as age
  from routines p
union all
select 'view', c.name, concat(c.reloptions, pg_get_viewdef(c.oid)),
       (select string_agg(format('%I %s;', a.attname, format_type(a.atttypid, a.atttypmod)), '' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0),
       format('create or replace view %s %s as %s', c.name, 'with (' || array_to_string(c.reloptions, ', ') || ')', pg_get_viewdef(c.oid)), 'drop view ' || c.name, c.name, c.oid
  from relations c where c.relkind = 'v'
union all
select 'security', c.name, '', '', format('alter table %s enable row level security, force row level security', c.name), '', c.name, c.oid
  from relations c where c.guarded
union all
select 'policy', p.key, p.made, '', p.made, p.dropped, p.name, p.oid from (
    select format('%s.%I', c.name, l.polname) as key, c.name, l.oid, format('drop policy %I on %s', l.polname, c.name) as dropped,
           format('create policy %I on %s as %s for %s to %s', l.polname, c.name, case when l.polpermissive then 'permissive' else 'restrictive' end,
                  case l.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
                  (select string_agg(r.name, ', ' order by r.name) from (select o.oid, quote_ident(o.rolname) as name from pg_roles o union all select 0, 'public') r where r.oid = any (l.polroles)))
               || coalesce(' using (' || pg_get_expr(l.polqual, l.polrelid) || ')', '') || coalesce(' with check (' || pg_get_expr(l.polwithcheck, l.polrelid) || ')', '') as made
      from relations c join pg_policy l on l.polrelid = c.oid where exists (select from ruled r where r.oid = any (l.polroles))) p
union all
select 'trigger', format('%s.%I', c.name, g.tgname), g.tgenabled::text || pg_get_triggerdef(g.oid, true), '', pg_get_triggerdef(g.oid, true), format('drop trigger %I on %s', g.tgname, c.name), c.name, g.oid
  from relations c join pg_trigger g on g.tgrelid = c.oid where c.space <> 'months' and not g.tgisinternal and g.tgparentid = 0
`

// rights are who owns functions and views, and who may do what. Everybody's right to use the schema public is no rule's.
const rights = `
select 'owner' as kind, 'routine ' || p.name as key, r.rolname::text as state, '' as shape, format('alter routine %s owner to %I', p.name, r.rolname) as make, '' as drop, '' as relation, p.oid as age
  from routines p join pg_roles r on r.oid = p.proowner
union all
select 'owner', 'view ' || c.name, r.rolname::text, '', format('alter view %s owner to %I', c.name, r.rolname), '', c.name, c.oid
  from relations c join pg_roles r on r.oid = c.relowner where c.relkind = 'v'
union all
select 'right', format('%s on %s to %s', g.what, g.object, r.name), g.passed::text, '', format('grant %s on %s to %s', g.what, g.object, r.name) || case when g.passed then ' with grant option' else '' end,
       format('revoke %s on %s from %s', g.what, g.object, r.name), '', g.oid
  from (select c.oid, a.grantee, a.privilege_type as what, case c.relkind when 'S' then 'sequence ' else 'table ' end || c.name as object, a.is_grantable as passed
          from relations c cross join aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) a
        union all
        select c.oid, a.grantee, format('%s (%I)', a.privilege_type, b.attname), 'table ' || c.name, a.is_grantable
          from relations c join pg_attribute b on b.attrelid = c.oid and not b.attisdropped cross join aclexplode(b.attacl) a
        union all
        select p.oid, a.grantee, a.privilege_type, 'routine ' || p.name, a.is_grantable
          from routines p cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        union all
        select s.oid, a.grantee, a.privilege_type, 'schema ' || s.name, a.is_grantable
          from spaces s cross join aclexplode(coalesce(s.nspacl, acldefault('n', s.nspowner))) a where not (a.grantee = 0 and a.privilege_type = 'USAGE')) g
  join ruled r on r.oid = g.grantee
`

// read returns what the rules decide, as it is in the schemas that take the places of public and months.
func read(ctx context.Context, tx pgx.Tx, what, public, months string) (things, error) {
	rows, err := tx.Query(ctx, spaces+what, public, months, ruled)
	if err != nil {
		return nil, fmt.Errorf("read the access rules in force: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[thing])
	if err != nil {
		return nil, fmt.Errorf("read the access rules in force: %w", err)
	}
	all := make(things, len(found))
	for _, t := range found {
		all[key{t.Kind, t.Key}] = t
	}
	return all, nil
}
