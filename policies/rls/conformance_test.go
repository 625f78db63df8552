package rls_test

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/policies/rls"
)

// Each rule asks the live catalog for what breaks it. $1 is the list of tables
// and views that have a file here, $2 the functions that functions/ makes. A new table
// falls under all of them without anyone remembering to list it.
//
// tables are the platform's own; schema_migrations belongs to golang-migrate
// and to the owner alone.
const tables = `
with tables as (
    select c.oid, c.relname as name, c.relrowsecurity and c.relforcerowsecurity as guarded,
           exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped) as tenant
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f') and c.relname <> 'schema_migrations'),
policies as (
    select t.oid, t.name, t.tenant, p.polname, p.polcmd, p.polpermissive,
           (select string_agg(coalesce(r.rolname, 'public'), ',') from unnest(p.polroles) m left join pg_roles r on r.oid = m) as roles,
           pg_get_expr(p.polqual, p.polrelid) as "using", pg_get_expr(p.polwithcheck, p.polrelid) as checking
      from tables t join pg_policy p on p.polrelid = t.oid)
`

const (
	ofTenant = "(organization_id = ( SELECT app.org() AS org))"
	ofItself = "(id = ( SELECT app.org() AS org))"
)

var conformance = []struct{ rule, query string }{
	{"row-level security is enabled and forced", tables + `select name from tables where not guarded`},
	{"policy tenant is FOR ALL to satchel_app, USING and WITH CHECK of the organization", tables + `
		select name from tables t where tenant and not exists (select from policies p
		 where p.oid = t.oid and polname = 'tenant' and polcmd = '*' and polpermissive and roles = 'satchel_app'
		   and p."using" = '` + ofTenant + `' and p.checking = '` + ofTenant + `')`},
	// organizations has the organization as its own id, and people belong to
	// several organizations, as their logins do: the application may see them and
	// never write. A tier is everyone's: each organization sees its own.
	// What the directory knows of other clusters is reached by functions alone.
	{"tables without organization_id are organizations, users, logins and tiers, each with its own rule, and the directory's", tables + `
		select t.name from tables t where not tenant and not (t.name in ('organization_places', 'login_places', 'cluster_identities')
		       and not exists (select from policies p where p.oid = t.oid and polname not in ('system', 'backup'))
		       and not has_any_column_privilege('satchel_app', t.oid, 'SELECT, INSERT, UPDATE') and not has_any_column_privilege('satchel_people', t.oid, 'SELECT, INSERT, UPDATE')) and not exists (select from policies p where p.oid = t.oid and polname = 'tenant' and roles = 'satchel_app'
		   and (p.name = 'organizations' and polcmd = '*' and p."using" = '` + ofItself + `' and p.checking = '` + ofItself + `'
		     or p.name in ('users', 'logins') and polcmd = 'r'
		        and p."using" like '((EXISTS%m.organization_id = ( SELECT app.org() AS org)%) OR (EXISTS%p.organization_id = ( SELECT app.org() AS org)%'
		     or p.name = 'tiers' and polcmd = 'r' and p."using" like '(EXISTS%o.id = ( SELECT app.org() AS org)%'))`},
	{"there are no policies but tenant, those of people, backup, and system and deletion to satchel_system", tables + `
		select name || '.' || polname from policies where (polname, roles) not in (('tenant', 'satchel_app'), ('backup', 'satchel_backup'), ('system', 'satchel_system'), ('deletion', 'satchel_system'),
			('system_place', 'satchel_system'), ('system_admit', 'satchel_system'), ('organization', 'satchel_people'), ('people', 'satchel_people'),
			('people_read', 'satchel_people'), ('people_read', 'satchel_people,satchel_views'), ('views', 'satchel_views'), ('people_add', 'satchel_people'), ('people_change', 'satchel_people'), ('people_remove', 'satchel_people'))`},
	{"every policy of people and of views asks for the organization of an actor", tables + `
		select name || '.' || polname from policies, unnest(array["using", checking]) e where roles ~ 'satchel_(people|views)' and e is not null
		   and e not like '%( SELECT app.people_org() AS %'`},
	{"every table that reaches a file has its own rule for people", tables + `
		select t.name from tables t where (t.name = 'files' or exists (select from pg_constraint k where k.conrelid = t.oid and k.contype = 'f'
		         and k.confrelid in ('files'::regclass, 'file_versions'::regclass, 'uploads'::regclass)))
		   and not exists (select from policies p where p.oid = t.oid and p.roles ~ 'satchel_people' and p.polname <> 'organization')`},
	// Postgres hashes EXISTS on equal columns; an array becomes an index condition, which
	// destroys the order of a page.
	{"no policy holds an array", tables + `
		select name || '.' || polname from policies, unnest(array["using", checking]) e where roles ~ 'satchel_people' and e like '%ARRAY( SELECT%'`},
	{"only satchel_system and satchel_backup have policies that are always true", tables + `
		select name || '.' || polname from policies where roles not in ('satchel_system', 'satchel_backup') and 'true' in (coalesce("using", ''), coalesce(checking, ''))`},
	// Asked once a statement and not once a row.
	{"policies ask for the organization in a subselect", tables + `
		select name || '.' || polname from policies, unnest(array["using", checking]) e where replace(e, '( SELECT app.org() AS org)', '') like '%app.org()%'`},
	{"every primary and unique key leads with organization_id", tables + `
		select t.name || '.' || i.indexrelid::regclass from tables t join pg_index i on i.indrelid = t.oid and (i.indisunique or i.indisexclusion)
		  join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0] where t.tenant and a.attname <> 'organization_id'`},
	{"references between tenants' tables carry organization_id on both sides", tables + `
		select t.name || '.' || k.conname from pg_constraint k join tables t on t.oid = k.conrelid join tables r on r.oid = k.confrelid
		 where k.contype = 'f' and r.tenant and not exists (
		       select from generate_subscripts(k.conkey, 1) n
		         join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[n] and a.attname = 'organization_id'
		         join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[n] and b.attname = 'organization_id')`},
	{"references to organizations are by organization_id", tables + `
		select t.name || '.' || k.conname from pg_constraint k join tables t on t.oid = k.conrelid
		  join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
		 where k.contype = 'f' and k.confrelid = 'organizations'::regclass and a.attname <> 'organization_id'`},
	{"organization_id is never null", tables + `
		select t.name from tables t join pg_attribute a on a.attrelid = t.oid and a.attname = 'organization_id' where not a.attnotnull`},
	// satchel_views sees all that hangs on a file, so a view of its own joins that to files.
	{"views run with their reader's rights, or with those of satchel_views", `
		select relname from pg_class where relnamespace in ('public'::regnamespace, 'app'::regnamespace) and relkind = 'v'
		   and not coalesce('security_invoker=true' = any (reloptions), false)
		   and not (relowner = 'satchel_views'::regrole and relname in ('version_view', 'listed_files', 'tagged_files', 'my_spaces', 'linked_files', 'linked_folders', 'received_shares', 'my_wards'))`},
	{"a view of satchel_views that reads what hangs on a file reads files", `
		select c.relname from pg_class c where c.relkind = 'v' and c.relowner = 'satchel_views'::regrole
		   and exists (select from pg_depend d join pg_rewrite w on w.oid = d.objid and w.ev_class = c.oid
		                where d.refobjid in ('file_versions'::regclass, 'renditions'::regclass, 'version_steps'::regclass, 'file_tags'::regclass))
		   and not exists (select from pg_depend d join pg_rewrite w on w.oid = d.objid and w.ev_class = c.oid where d.refobjid = 'files'::regclass)`},
	{"there are no materialized views", `select relname from pg_class where relnamespace in ('public'::regnamespace, 'app'::regnamespace) and relkind = 'm'`},
	{"there are no rewrite rules", `
		select c.relname || '.' || w.rulename from pg_rewrite w join pg_class c on c.oid = w.ev_class
		 where c.relnamespace = 'public'::regnamespace and w.rulename <> '_RETURN'`},
	{"every table and view has its file", `
		select relname from pg_class where relnamespace in ('public'::regnamespace, 'app'::regnamespace) and relkind in ('r', 'p', 'f', 'v', 'm')
		   and relname <> 'schema_migrations' and relname <> all ($1)`},
	{"no rights without a file", `
		select distinct c.relname || ' to ' || coalesce(r.rolname, 'public') from pg_class c
		  cross join lateral (select grantee from aclexplode(c.relacl)
		        union select g.grantee from pg_attribute a, aclexplode(a.attacl) g where a.attrelid = c.oid) g
		  left join pg_roles r on r.oid = g.grantee
		 where c.relnamespace in ('public'::regnamespace, 'app'::regnamespace) and g.grantee <> c.relowner
		   and coalesce(r.rolname, 'public') <> 'satchel_backup' -- which a rule of its own looks at
		   and (c.relname <> all ($1) or coalesce(r.rolname, 'public') not in ('satchel_app', 'satchel_people', 'satchel_system', 'satchel_views'))`},
	{"the role of backups reads every table whole and changes nothing", tables + `
		select t.name from tables t where not has_table_privilege('satchel_backup', t.oid, 'SELECT') or has_table_privilege('satchel_backup', t.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
		    or not exists (select from policies p where p.oid = t.oid and polname = 'backup' and polcmd = 'r' and p."using" = 'true')
		union select rolname from pg_roles where rolname = 'satchel_backup' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
		union select roleid::regrole::text from pg_auth_members where member = 'satchel_backup'::regrole`},
	{"no right to truncate, reference or trigger", `
		select c.relname || ' to ' || r.rolname from pg_class c, pg_roles r where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
		   and r.rolname in ('satchel_app', 'satchel_people', 'satchel_system', 'satchel_views') and has_table_privilege(r.oid, c.oid, 'TRUNCATE, REFERENCES, TRIGGER')`},
	{"partitions are in months, and nothing else is", `
		select c.relname from pg_class c where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and c.relispartition <> (c.relnamespace = 'months'::regnamespace)`},
	{"no one but the role of backups reaches a partition, and its rows are guarded all the same", `
		select c.relname from pg_class c where c.relnamespace = 'months'::regnamespace and c.relkind in ('r', 'p') and (
		       not (c.relrowsecurity and c.relforcerowsecurity)
		       or (select array_agg(p.polname::text) from pg_policy p where p.polrelid = c.oid) is distinct from '{backup}'
		       or exists (select from aclexplode(c.relacl) a where a.grantee not in (c.relowner, 'satchel_backup'::regrole))
		       or exists (select from pg_attribute a where a.attrelid = c.oid and a.attacl is not null)
		       or not has_table_privilege('satchel_backup', c.oid, 'SELECT') or has_table_privilege('satchel_backup', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'))
		union select 'months to ' || coalesce(r.rolname, 'public') from pg_namespace n cross join aclexplode(n.nspacl) a left join pg_roles r on r.oid = a.grantee
		 where n.nspname = 'months' and a.grantee not in (n.nspowner, 'satchel_backup'::regrole)`},
	{"every partition has the key of its table's rows, without the month", `
		select c.relname from pg_class c where c.relnamespace = 'months'::regnamespace and c.relkind = 'r' and not exists (
		       select from pg_index i where i.indrelid = c.oid and i.indisprimary and i.indisvalid
		          and (select array_agg(a.attname::text order by k.n) from unnest(i.indkey) with ordinality k(attnum, n) join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum)
		            = case (select p.relname from pg_inherits h join pg_class p on p.oid = h.inhparent where h.inhrelid = c.oid)
		                   when 'activity_events' then '{organization_id,source,seq}'::text[] when 'audit_events' then '{organization_id,seq}' end)`},
	{"no sequence is granted", `
		select c.relname from pg_class c, pg_roles r where c.relkind = 'S' and c.relnamespace in ('public'::regnamespace, 'app'::regnamespace)
		   and r.rolname in ('satchel_app', 'satchel_people', 'satchel_system', 'satchel_views') and has_sequence_privilege(r.oid, c.oid, 'USAGE, SELECT, UPDATE')`},
	// Only the owner of a table makes its partitions; the function takes nothing from its caller.
	{"definer functions are those of functions/, owned by satchel_system", `
		select p.oid::regprocedure::text from pg_proc p where p.pronamespace in ('public'::regnamespace, 'app'::regnamespace)
		   and p.prosecdef and (p.proname <> all ($2) or p.pronamespace <> 'app'::regnamespace
		        or p.proowner <> case when p.oid = 'app.ensure_months()'::regprocedure then (select relowner from pg_class where oid = 'organizations'::regclass) else 'satchel_system'::regrole end)
		union select name from unnest($2::text[]) name where not exists (select from pg_proc where proname = name and prosecdef)`},
	{"definer functions fix their search_path", `
		select p.oid::regprocedure::text from pg_proc p where p.prosecdef and p.pronamespace in ('public'::regnamespace, 'app'::regnamespace)
		   and not coalesce('search_path=public, pg_temp' = any (p.proconfig), false)`},
	{"definer functions have no caller but satchel_app and satchel_people", `
		select p.oid::regprocedure || ' by ' || g.grantee::regrole from pg_proc p cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
		 where p.prosecdef and p.pronamespace in ('public'::regnamespace, 'app'::regnamespace)
		   and g.grantee not in (0, p.proowner, 'satchel_app'::regrole, 'satchel_people'::regrole)`},
	{"no function is open to everybody", `
		select p.oid::regprocedure::text from pg_proc p where p.pronamespace in ('public'::regnamespace, 'app'::regnamespace)
		   and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) where grantee = 0)`},
	{"the roles have no powers of their own", `
		select rolname from pg_roles where rolname in ('satchel_app', 'satchel_people', 'satchel_system', 'satchel_views')
		   and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolcanlogin <> (rolname = 'satchel_app'))`},
	// It becomes satchel_people for a transaction, and has none of its rights before.
	{"the application is a member of no role but satchel_people", `
		select roleid::regrole::text from pg_auth_members where member in ('satchel_app'::regrole, 'satchel_people'::regrole)
		   and (roleid <> 'satchel_people'::regrole or pg_has_role('satchel_app', 'satchel_people', 'USAGE'))`},
	{"the roles may create nothing in a schema", `
		select n.nspname || ' by ' || r.rolname from pg_namespace n, pg_roles r where n.nspname in ('public', 'app')
		   and r.rolname in ('satchel_app', 'satchel_people', 'satchel_system', 'satchel_views') and has_schema_privilege(r.oid, n.oid, 'CREATE')`},
	{"no rights come by default", `select defaclobjtype::text from pg_default_acl`},
}

// violations lists what breaks a rule, as "rule: what".
func violations(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	files, functions, err := declared()
	if err != nil {
		return nil, err
	}
	var found []string
	for _, c := range conformance {
		// Both lists are given, so that every rule takes the same arguments.
		rows, err := conn.Query(ctx, "select x from (select $1::text[], $2::text[]) given, ("+c.query+") asked (x)", files, functions)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.rule, err)
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.rule, err)
		}
		for _, name := range names {
			found = append(found, c.rule+": "+name)
		}
	}
	return found, nil
}

// declared reads which tables have a file and which functions functions/ makes.
func declared() (files, functions []string, err error) {
	names, err := rls.Names()
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		sql, err := rls.Files.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		switch path.Dir(name) {
		case "tables":
			files = append(files, strings.TrimSuffix(path.Base(name), ".sql"))
		case "views":
			files = append(files, created(sql, `view (?:app\.)?(\w+)`)...)
		case "functions":
			functions = append(functions, created(sql, `function app\.(\w+)\(`)...)
		}
	}
	return files, functions, nil
}

// created returns the names that a file's create statements give.
func created(sql []byte, what string) (names []string) {
	for _, m := range regexp.MustCompile(`create (?:or replace )?`+what).FindAllStringSubmatch(string(sql), -1) {
		names = append(names, m[1])
	}
	return names
}

func TestConformance(t *testing.T) {
	t.Parallel()
	found, err := violations(t.Context(), pgtest.Clone(t).Admin(t))
	require.NoError(t, err)
	require.Empty(t, found)
}

// TestConformanceNamesWhatIsWrong breaks each rule once: a rule that cannot
// fail proves nothing.
func TestConformanceNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	const table = `create table letters (organization_id uuid not null, id uuid not null, primary key (organization_id, id));
		alter table letters enable row level security; alter table letters force row level security;
		create policy tenant on letters for all to satchel_app using (organization_id = (select app.org())) with check (organization_id = (select app.org()));`
	cases := []struct{ sabotage, rule, what string }{
		{"alter table files no force row level security", "row-level security is enabled and forced", "files"},
		{"alter table files disable row level security", "row-level security is enabled and forced", "files"},
		{"create table notes (id uuid)", "row-level security is enabled and forced", "notes"},
		{"create table notes (id uuid)", "tables without organization_id", "notes"},
		{"grant select on login_places to satchel_app", "tables without organization_id", "login_places"},
		{"drop policy tenant on files", "policy tenant is FOR ALL", "files"},
		{"alter policy tenant on files using (organization_id = app.org())", "policy tenant is FOR ALL", "files"},
		{"alter policy tenant on files with check (true)", "policy tenant is FOR ALL", "files"},
		{"alter policy tenant on files with check (true)", "only satchel_system and satchel_backup have policies that are always true", "files.tenant"},
		{"alter policy tenant on files to public", "policy tenant is FOR ALL", "files"},
		{"alter policy tenant on users using (exists (select from members m where m.user_id = users.id and m.organization_id = app.org()))",
			"policies ask for the organization in a subselect", "users.tenant"},
		{"alter policy tenant on organizations using (true)", "tables without organization_id", "organizations"},
		{"create policy other on files using (true)", "there are no policies but", "files.other"},
		{"create policy other on files to satchel_app using (true)", "always true", "files.other"},
		{"alter policy organization on members using (true)", "every policy of people and of views asks", "members.organization"},
		{"drop policy people on renditions", "every table that reaches a file", "renditions"},
		{"alter policy people_read on files using (organization_id = (select app.people_org()) and space_id = any (array(select space_id from space_members)))", "no policy holds an array", "files.people_read"},
		{"create unique index sneaky on files (name)", "every primary and unique key leads", "files.sneaky"},
		{"alter table files add constraint plain unique (id); alter table renditions add constraint loose foreign key (version_id) references files (id)",
			"references between tenants' tables", "renditions.loose"},
		{"alter table files add column school uuid constraint elsewhere references organizations (id)", "references to organizations", "files.elsewhere"},
		{"create table letters (organization_id uuid)", "organization_id is never null", "letters"},
		{"alter view usage_levels reset (security_invoker)", "views run with their reader's rights", "usage_levels"},
		{"create view app.leak as select * from file_versions", "views run with their reader's rights", "leak"},
		{"alter policy views on file_versions using (organization_id = (select app.org()))", "every policy of people and of views asks", "file_versions.views"},
		{"create view app.leak as select * from file_versions; grant create on schema app to satchel_views; alter view app.leak owner to satchel_views", "a view of satchel_views that reads what hangs on a file", "leak"},
		{"create materialized view sums as select 1 as one", "no materialized views", "sums"},
		{"create rule quiet as on delete to files do instead nothing", "no rewrite rules", "files.quiet"},
		{table, "every table and view has its file", "letters"},
		{table + "grant select on letters to satchel_app", "no rights without a file", "letters to satchel_app"},
		{table + "grant select (id) on letters to satchel_app", "no rights without a file", "letters to satchel_app"},
		{"grant select on files to public", "no rights without a file", "files to public"},
		{"grant truncate on files to satchel_app", "no right to truncate", "files to satchel_app"},
		{"grant update on files to satchel_backup", "the role of backups reads", "files"},
		{"drop policy backup on files", "the role of backups reads", "files"},
		{"create table months.letters (organization_id uuid)", "partitions are in months", "letters"},
		{"alter table months.activity_events_default set schema public", "partitions are in months", "activity_events_default"},
		{"grant select on months.activity_events_before to satchel_app", "no one but the role of backups reaches a partition", "activity_events_before"},
		{"create policy open on months.activity_events_default to satchel_app using (true)", "no one but the role of backups reaches a partition", "activity_events_default"},
		{"alter table months.activity_events_default no force row level security", "no one but the role of backups reaches a partition", "activity_events_default"},
		{"grant usage on schema months to satchel_people", "no one but the role of backups reaches a partition", "months to satchel_people"},
		{"alter table months.activity_events_default drop constraint activity_events_default_pkey", "every partition has the key", "activity_events_default"},
		{"alter function app.ensure_months() owner to postgres", "definer functions are those of functions/", "app.ensure_months()"},
		{"create sequence counter; grant usage on sequence counter to satchel_app", "no sequence is granted", "counter"},
		{"create function app.all_files() returns bigint language sql security definer as 'select count(*) from files'", "definer functions are those of functions/", "app.all_files()"},
		{"drop function app.files_trashed(uuid, interval, uuid, integer)", "definer functions are those of functions/", "files_trashed"},
		{"alter function app.files_trashed(uuid, interval, uuid, integer) owner to postgres", "definer functions are those of functions/", "app.files_trashed"},
		{"alter function app.files_trashed(uuid, interval, uuid, integer) reset search_path", "definer functions fix their search_path", "app.files_trashed"},
		{"grant execute on function app.files_trashed(uuid, interval, uuid, integer) to pg_monitor", "no caller but satchel_app", "app.files_trashed(uuid,interval,uuid,integer) by pg_monitor"},
		{"grant execute on function app.files_trashed(uuid, interval, uuid, integer) to public", "no function is open to everybody", "app.files_trashed"},
		{"create function public.f() returns int language sql as 'select 1'", "no function is open to everybody", "f()"},
		{"grant create on schema public to satchel_app", "may create nothing", "public by satchel_app"},
		{"alter default privileges in schema public grant select on tables to satchel_app", "no rights come by default", "r"},
		// Roles belong to the whole cluster: these two are rolled back with the rest.
		{"alter role satchel_app bypassrls", "no powers of their own", "satchel_app"},
		{"grant satchel_system to satchel_app", "member of no role", "satchel_system"},
		{"alter role satchel_app inherit", "member of no role", "satchel_people"},
	}
	proven := map[string]bool{}
	conn := pgtest.Clone(t).Admin(t)
	for _, c := range cases {
		proven[requireViolation(t, conn, c.sabotage, c.rule, c.what)] = true
	}
	for _, c := range conformance {
		require.True(t, proven[c.rule], "no sabotage proves %q", c.rule)
	}
}

// requireViolation breaks a rule in a transaction that is rolled back.
func requireViolation(t *testing.T, conn *pgx.Conn, sabotage, rule, what string) (broken string) {
	t.Helper()
	ctx := t.Context()
	tx, err := conn.Begin(ctx)
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(ctx)) }()
	_, err = tx.Exec(ctx, sabotage)
	require.NoError(t, err, sabotage)
	found, err := violations(ctx, tx.Conn())
	require.NoError(t, err, sabotage)
	i := slices.IndexFunc(found, func(v string) bool { return strings.Contains(v, rule) && strings.Contains(v, ": "+what) })
	require.GreaterOrEqual(t, i, 0, "%s: %q about %s is not among %q", sabotage, rule, what, found)
	broken, _, _ = strings.Cut(found[i], ": ")
	return broken
}

// TestTableWithoutFileIsUnreachable makes a table whose rules no one wrote, in
// the way a migration would, and applies the rules after it.
func TestTableWithoutFileIsUnreachable(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	owner, err := pgx.Connect(t.Context(), d.OwnerURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = owner.Close(context.Background()) })
	_, err = owner.Exec(t.Context(), "create table letters (organization_id uuid, body text); grant all on letters to satchel_app, public")
	require.NoError(t, err)
	require.NoError(t, rls.Apply(t.Context(), owner))
	for _, sql := range []string{"select from letters", "insert into letters values (app.org(), 'x')", "update letters set body = ''", "delete from letters", "truncate letters"} {
		_, err := d.Single(org).Exec(t.Context(), sql)
		require.ErrorContains(t, err, "permission denied for table letters", sql)
	}
}

// snapshot writes down everything that the rules decide, without object ids.
const snapshot = `
select string_agg(line, e'\n' order by line) from (
    select format('table %s %s %s %s %s', relname, relowner::regrole, relrowsecurity, relforcerowsecurity, (select array_agg(a::text order by a::text) from unnest(relacl) a)) as line
      from pg_class where relnamespace in ('public'::regnamespace, 'app'::regnamespace, 'months'::regnamespace)
    union all select format('column %s.%s %s', attrelid::regclass, attname, (select array_agg(a::text order by a::text) from unnest(attacl) a))
      from pg_attribute where attacl is not null
    union all select format('policy %s.%s %s %s %s %s', polrelid::regclass, polname, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) from pg_policy
    union all select format('function %s %s %s %s %s %s', oid::regprocedure, proowner::regrole, prosecdef, proconfig, md5(prosrc), (select array_agg(a::text order by a::text) from unnest(proacl) a))
      from pg_proc where pronamespace in ('public'::regnamespace, 'app'::regnamespace)
    union all select format('trigger %s.%s %s %s', tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid)) from pg_trigger where not tgisinternal
    union all select format('view %s %s %s', oid::regclass, reloptions, pg_get_viewdef(oid)) from pg_class where relkind = 'v' and relnamespace in ('public'::regnamespace, 'app'::regnamespace)
    union all select format('schema %s %s', nspname, (select array_agg(a::text order by a::text) from unnest(nspacl) a)) from pg_namespace where nspname in ('public', 'app', 'months')
) s`
