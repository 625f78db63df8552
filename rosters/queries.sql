-- Sources and imports.

-- name: SourceGet :one
select id, name, kind, paused_until, adds_only, revision, keep_ages, leave_days, last_import, created_at, pickup from roster_sources where id = $1;

-- name: SourceList :many
select id, name, kind, paused_until, adds_only, revision, keep_ages, leave_days, last_import, created_at, pickup from roster_sources order by name, id;

-- name: SourceInsert :execrows
insert into roster_sources (organization_id, id, name, created_by, adds_only, keep_ages, leave_days, pickup)
values (app.org(), $1, $2, $3, $4, $5, $6, $7) on conflict (organization_id, name) do nothing;

-- name: SourceSet :execrows
update roster_sources set name = sqlc.arg(name), adds_only = sqlc.arg(adds_only), keep_ages = sqlc.arg(keep_ages), leave_days = sqlc.arg(leave_days), pickup = sqlc.arg(pickup),
       paused_until = sqlc.narg(paused_until)::timestamptz where id = sqlc.arg(id);

-- name: SourceLock :one
select revision, last_import from roster_sources where id = $1 for update;

-- name: SourceAdvance :exec
update roster_sources set revision = revision + 1, last_import = sqlc.narg(last_import) where id = sqlc.arg(id);

-- name: ImportInsert :execrows
insert into roster_imports (organization_id, id, source_id, size, sha256, object_etag, windows_1252, review, created_by)
values (app.org(), $1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing;

-- name: ImportGet :one
select id, source_id, state, size, sha256, object_etag, windows_1252, review, modes, base_revision, diff_hash, holds, summary, issues, stop,
       decision, decided_hash, with_held, decided_by, decided_at, report, previous_import, created_by, created_at, updated_at, waits_until, ended_at, cleaned_at
  from roster_imports where id = $1;

-- name: ImportLock :one
select id, source_id, state, diff_hash, decision, decided_hash, base_revision, previous_import from roster_imports where id = $1 for update;

-- name: ImportPage :many
select id, source_id, state, size, diff_hash, holds, stop, decision, created_by, created_at, ended_at from roster_imports
 where (sqlc.arg(before)::uuid = '00000000-0000-0000-0000-000000000000' or id < sqlc.arg(before)::uuid)
 order by id desc limit sqlc.arg(most);

-- name: ImportOpen :one
select id from roster_imports where source_id = $1 and state in ('received', 'checking', 'waiting', 'applying', 'undoing');

-- name: ImportState :execrows
update roster_imports set state = sqlc.arg(state), updated_at = now() where id = sqlc.arg(id) and state = any (sqlc.arg(from_states)::text[]);

-- name: ImportTouch :execrows
update roster_imports set updated_at = now() where id = $1;

-- name: ImportChecked :exec
update roster_imports set modes = $2, issues = $3, state = case when state = 'received' then 'checking' else state end, updated_at = now() where id = $1;

-- name: ImportFound :execrows
update roster_imports set state = 'waiting', base_revision = sqlc.arg(base_revision), diff_hash = sqlc.arg(diff_hash)::text, holds = sqlc.arg(holds), summary = sqlc.arg(summary),
       waits_until = now() + sqlc.arg(patience)::interval, updated_at = now(),
       decision = case when decided_hash = sqlc.arg(diff_hash)::text then decision end
 where id = sqlc.arg(id) and state in ('received', 'checking', 'waiting');

-- name: ImportDecide :execrows
update roster_imports set decision = sqlc.arg(decision)::text, decided_hash = sqlc.arg(diff_hash)::text, with_held = sqlc.arg(with_held),
       decided_by = sqlc.narg(decided_by), decided_at = now(), updated_at = now()
 where id = sqlc.arg(id) and state = 'waiting' and diff_hash = sqlc.arg(diff_hash)::text and decision is null;

-- name: ImportEnd :execrows
update roster_imports set state = sqlc.arg(state), stop = sqlc.narg(stop), report = sqlc.arg(report), ended_at = now(), updated_at = now()
 where id = sqlc.arg(id) and state in ('received', 'checking', 'waiting', 'applying', 'undoing');

-- name: ImportApplied :exec
update roster_imports set previous_import = sqlc.narg(previous_import) where id = sqlc.arg(id);

-- name: ImportCleaned :exec
update roster_imports set cleaned_at = now(), issues = '{}' where id = $1 and cleaned_at is null;

-- name: ImportLastSize :one
select i.size from roster_sources s join roster_imports i on i.organization_id = s.organization_id and i.id = s.last_import where s.id = $1;

-- Staging.

-- name: RowsInsert :exec
insert into roster_rows (organization_id, import_id, kind, row, sourced_id, leaving, refused, hash, org, class, person, role, flag, title, code, terms,
       starts, ends, grade, username_hash, email_hash, identifiers, agents, thirteen_from, adult_from)
select app.org(), sqlc.arg(import_id), sqlc.arg(kind), r.row, r.sourced_id, r.leaving, nullif(r.refused, ''), decode(r.hash, 'hex'), r.org, r.class, r.person, r.role,
       r.flag, r.title, r.code, r.terms::text[], nullif(r.starts, '')::date, nullif(r.ends, '')::date, r.grade,
       case when r.username_hash <> '' then decode(r.username_hash, 'hex') end, case when r.email_hash <> '' then decode(r.email_hash, 'hex') end,
       r.identifiers::text[], r.agents::text[], nullif(r.thirteen_from, '')::date, nullif(r.adult_from, '')::date
  from unnest(sqlc.arg(rows)::integer[], sqlc.arg(sourced_ids)::text[], sqlc.arg(leavings)::boolean[], sqlc.arg(refusals)::text[], sqlc.arg(hashes)::text[],
              sqlc.arg(orgs)::text[], sqlc.arg(classes)::text[], sqlc.arg(persons)::text[], sqlc.arg(roles)::text[], sqlc.arg(flags)::boolean[], sqlc.arg(titles)::text[],
              sqlc.arg(codes)::text[], sqlc.arg(term_lists)::text[], sqlc.arg(starting)::text[], sqlc.arg(ending)::text[], sqlc.arg(grades)::text[],
              sqlc.arg(username_hashes)::text[], sqlc.arg(email_hashes)::text[], sqlc.arg(identifier_lists)::text[], sqlc.arg(agent_lists)::text[],
              sqlc.arg(thirteens)::text[], sqlc.arg(adults)::text[])
       as r(row, sourced_id, leaving, refused, hash, org, class, person, role, flag, title, code, terms, starts, ends, grade, username_hash, email_hash,
            identifiers, agents, thirteen_from, adult_from)
on conflict do nothing;

-- name: RowsLast :one
select coalesce(max(row), 0)::integer from roster_rows where import_id = $1 and kind = $2;

-- name: RowsDelete :execrows
delete from roster_rows where import_id = $1;

-- A row whose sourcedId another row of the file has is refused, as the other is.

-- name: RowsRefuseDuplicates :execrows
update roster_rows r set refused = 'duplicate'
  from (select d.kind, d.sourced_id from roster_rows d where d.import_id = sqlc.arg(import_id) and d.sourced_id <> ''
           and d.kind in ('org', 'term', 'class', 'person', 'enrollment')
         group by d.kind, d.sourced_id having count(*) > 1) twice
 where r.import_id = sqlc.arg(import_id) and r.kind = twice.kind and r.sourced_id = twice.sourced_id and r.refused is null;

-- What a person is follows from the roles: the primary one, and of several the one
-- with more rights here.

-- name: RowsSetRoles :execrows
with roles as (
    select r.person, (array_agg(r.role order by r.flag desc, array_position(array['staff', 'student', 'guardian'], r.role), r.row))[1] as kind,
           bool_or(r.role = 'guardian') as guardian, (array_agg(r.org order by r.flag desc, r.row))[1] as org
      from roster_rows r
     where r.import_id = sqlc.arg(import_id) and r.kind = 'role' and r.refused is null and not r.leaving and r.role <> ''
       and (r.ends is null or r.ends > current_date) and (r.starts is null or r.starts <= current_date + 30)
     group by r.person)
update roster_rows p
   set role = coalesce(nullif(p.role, ''), roles.kind, ''), flag = p.flag or coalesce(roles.guardian, false), org = coalesce(nullif(p.org, ''), roles.org, '')
  from roster_rows o left join roles on roles.person = o.sourced_id
 where o.import_id = sqlc.arg(import_id) and o.kind = 'person' and p.import_id = o.import_id and p.kind = o.kind and p.row = o.row;

-- name: RowsSetRolesKnown :execrows
update roster_rows r set role = p.kind, flag = p.also_guardian
  from people p where r.import_id = sqlc.arg(import_id) and r.kind = 'person' and r.role = '' and p.source_id = sqlc.arg(source_id) and p.sourced_id = r.sourced_id;

-- name: RowsSetAges :execrows
update roster_rows p set thirteen_from = d.thirteen_from, adult_from = d.adult_from
  from roster_rows d where p.import_id = sqlc.arg(import_id) and p.kind = 'person' and d.import_id = p.import_id and d.kind = 'demographics'
   and d.sourced_id = p.sourced_id and d.refused is null;

-- name: RowsRefuseRoleless :execrows
update roster_rows set refused = 'user_without_role' where import_id = $1 and kind = 'person' and role = '' and refused is null and not leaving;

-- name: RowsHashPeople :execrows
update roster_rows set hash = sha256(hash || convert_to(role || ' ' || flag || ' ' || org || ' ' || coalesce(thirteen_from::text, '') || ' ' || coalesce(adult_from::text, ''), 'UTF8'))
 where import_id = $1 and kind = 'person';

-- An enrollment of a person or class that leaves ends with it.

-- name: RowsLeaveWith :execrows
update roster_rows e set leaving = true
 where e.import_id = sqlc.arg(import_id) and e.kind = 'enrollment' and not e.leaving
   and (e.person in (select o.sourced_id from roster_rows o where o.import_id = sqlc.arg(import_id) and o.kind = 'person' and o.leaving and o.refused is null)
        or e.class in (select o.sourced_id from roster_rows o where o.import_id = sqlc.arg(import_id) and o.kind = 'class' and o.leaving and o.refused is null));

-- A reference is known when its target is in the package, or is there already and
-- the package does not say that it is gone: its file is no complete list, or
-- mentions it in a row that was refused.

-- name: RowsRefuseUnknownSchools :execrows
update roster_rows r set refused = 'unknown_school'
 where r.import_id = sqlc.arg(import_id) and r.kind = 'class' and r.refused is null and not r.leaving
   and not exists (select from roster_rows o where o.import_id = r.import_id and o.kind = 'org' and o.sourced_id = r.org)
   and (sqlc.arg(orgs_bulk)::boolean or not exists (select from schools s where s.source_id = sqlc.arg(source_id) and s.sourced_id = r.org));

-- name: RowsRefuseUnknownClasses :execrows
update roster_rows r set refused = 'unknown_class'
 where r.import_id = sqlc.arg(import_id) and r.kind = 'enrollment' and r.refused is null and not r.leaving
   and not exists (select from roster_rows c where c.import_id = r.import_id and c.kind = 'class' and c.sourced_id = r.class and c.refused is null)
   and not exists (select from classes c where c.source_id = sqlc.arg(source_id) and c.sourced_id = r.class and c.state = 'active'
        and (not sqlc.arg(classes_bulk)::boolean
             or exists (select from roster_rows m where m.import_id = r.import_id and m.kind = 'class' and m.sourced_id = r.class)));

-- name: RowsRefuseUnknownPeople :execrows
update roster_rows r set refused = 'unknown_user'
 where r.import_id = sqlc.arg(import_id) and r.kind = 'enrollment' and r.refused is null and not r.leaving
   and not exists (select from roster_rows p where p.import_id = r.import_id and p.kind = 'person' and p.sourced_id = r.person and p.refused is null)
   and not exists (select from people p where p.source_id = sqlc.arg(source_id) and p.sourced_id = r.person and p.state = 'active'
        and (not sqlc.arg(people_bulk)::boolean
             or exists (select from roster_rows m where m.import_id = r.import_id and m.kind = 'person' and m.sourced_id = r.person)));

-- name: RowsCounts :many
select kind, count(*) as rows, count(*) filter (where refused is not null) as refused,
       count(*) filter (where refused is not null and refused not in ('user_without_role', 'role_ignored')) as faulty,
       count(*) filter (where refused is not null and sourced_id = '') as nameless, count(*) filter (where refused is null and not leaving) as usable
  from roster_rows where import_id = $1 group by kind;

-- name: RowsRefused :many
select kind, refused::text as code, (array_agg(row order by row))[1:20]::integer[] as places, count(*) as n
  from roster_rows where import_id = $1 and refused in ('duplicate', 'unknown_class', 'unknown_user', 'unknown_school', 'user_without_role', 'role_ignored')
 group by kind, refused order by kind, refused;

-- The planner's statistics are older than what was staged just now. It would take
-- large tables for small ones and read one of them again for each row of the other.
-- A plan that is ruled out has a price at which PostgreSQL compiles every query, which
-- takes seconds: jit is off. One statement over a million rows may run for longer than
-- one of a request.

-- name: PlanForMany :exec
select set_config('enable_nestloop', 'off', true), set_config('work_mem', '32MB', true), set_config('jit', 'off', true),
       set_config('statement_timeout', '10min', true);

-- A batch is small, and every table that it meets has an index for it.

-- name: PlanForFew :exec
select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true),
       set_config('jit', 'off', true);

-- Changes. Removals have numbers of their own range, so that they come last.

-- name: ChangesDelete :exec
delete from roster_changes where import_id = $1;

-- name: ChangesInsertSchools :execrows
insert into roster_changes (organization_id, import_id, seq, phase, kind, action, sourced_id, school, target_id, before, after)
select app.org(), sqlc.arg(import_id), sqlc.arg(after_seq)::bigint + row_number() over (order by r.sourced_id), 1, 'school',
       case when s.id is null then 'new' else 'changed' end, r.sourced_id, r.sourced_id, coalesce(s.id, app.new_id()),
       case when s.id is not null then jsonb_build_object('name', s.name) end, jsonb_build_object('name', r.title)
  from roster_rows r left join schools s on s.source_id = sqlc.arg(source_id) and s.sourced_id = r.sourced_id
 where r.import_id = sqlc.arg(import_id) and r.kind = 'org' and r.flag and r.refused is null and not r.leaving
   and (s.id is null or s.name <> r.title);

-- name: ChangesInsertTerms :execrows
insert into roster_changes (organization_id, import_id, seq, phase, kind, action, sourced_id, target_id, before, after)
select app.org(), sqlc.arg(import_id), sqlc.arg(after_seq)::bigint + row_number() over (order by r.sourced_id), 1, 'term',
       case when t.id is null then 'new' else 'changed' end, r.sourced_id, coalesce(t.id, app.new_id()),
       case when t.id is not null then jsonb_build_object('title', t.title, 'starts', t.starts_on, 'ends', t.ends_on) end,
       jsonb_build_object('title', r.title, 'starts', r.starts, 'ends', r.ends)
  from roster_rows r left join terms t on t.source_id = sqlc.arg(source_id) and t.sourced_id = r.sourced_id
 where r.import_id = sqlc.arg(import_id) and r.kind = 'term' and r.refused is null and not r.leaving
   and (t.id is null or (t.title, t.starts_on, t.ends_on) is distinct from (r.title, r.starts, r.ends));

-- name: ChangesInsertClasses :execrows
insert into roster_changes (organization_id, import_id, seq, phase, kind, action, sourced_id, school, target_id, before, after)
select app.org(), sqlc.arg(import_id), sqlc.arg(after_seq)::bigint + row_number() over (order by r.sourced_id), 1, 'class',
       case when c.id is null then 'new' when c.state = 'archived' then 'back' else 'changed' end, r.sourced_id, r.org, coalesce(c.id, app.new_id()),
       case when c.id is not null then jsonb_build_object('title', c.title, 'code', c.code, 'school', coalesce(s.sourced_id, ''), 'state', c.state,
            'terms', coalesce((select jsonb_agg(t.sourced_id order by t.sourced_id) from terms t where t.id = any (c.term_ids)), '[]'),
            'hash', encode(c.row_hash, 'hex')) end,
       jsonb_build_object('title', r.title, 'code', r.code, 'school', r.org, 'state', 'active', 'terms', to_jsonb(r.terms), 'hash', encode(r.hash, 'hex'))
  from roster_rows r left join classes c on c.source_id = sqlc.arg(source_id) and c.sourced_id = r.sourced_id
       left join schools s on s.id = c.school_id
 where r.import_id = sqlc.arg(import_id) and r.kind = 'class' and r.refused is null and not r.leaving
   and (c.id is null or c.state = 'archived' and not 'state' = any (c.set_by_hand) or c.row_hash is distinct from r.hash);

-- A file that is a complete list says of what it omits that it is gone, in the
-- schools that came with the package. What is made by hand has no source and stays.

-- name: ChangesInsertClassesLeaving :execrows
insert into roster_changes (organization_id, import_id, seq, phase, kind, action, sourced_id, school, target_id, before, after)
select app.org(), sqlc.arg(import_id), sqlc.arg(after_seq)::bigint + row_number() over (order by c.sourced_id), 2, 'class', 'leaving', c.sourced_id,
       coalesce(s.sourced_id, ''), c.id, b.before, b.before || jsonb_build_object('state', 'archived', 'hash', null)
  from classes c left join schools s on s.id = c.school_id
       cross join lateral (select jsonb_build_object('title', c.title, 'code', c.code, 'school', coalesce(s.sourced_id, ''), 'state', c.state,
            'terms', coalesce((select jsonb_agg(t.sourced_id order by t.sourced_id) from terms t where t.id = any (c.term_ids)), '[]'),
            'hash', encode(c.row_hash, 'hex')) as before) b
 where c.source_id = sqlc.arg(source_id) and c.state = 'active' and not 'state' = any (c.set_by_hand)
   and (exists (select from roster_rows r where r.import_id = sqlc.arg(import_id) and r.kind = 'class' and r.sourced_id = c.sourced_id and r.leaving and r.refused is null)
        or sqlc.arg(complete)::boolean
           and not exists (select from roster_rows r where r.import_id = sqlc.arg(import_id) and r.kind = 'class' and r.sourced_id = c.sourced_id)
           and (c.school_id is null or not sqlc.arg(orgs_bulk)::boolean
                or exists (select from roster_rows o where o.import_id = sqlc.arg(import_id) and o.kind = 'org' and o.sourced_id = s.sourced_id and o.refused is null and not o.leaving)));

-- name: ChangesInsertPeople :execrows
insert into roster_changes (organization_id, import_id, seq, phase, kind, action, sourced_id, school, target_id, held, before, after)
select app.org(), sqlc.arg(import_id), sqlc.arg(after_seq)::bigint + row_number() over (order by r.sourced_id), 1, 'person',
       case when p.user_id is null then 'new' when p.state <> 'active' then 'back' else 'changed' end, r.sourced_id, r.org, coalesce(p.user_id, app.new_id()),
       case when p.user_id is not null and p.display_name <> '' and (p.grade <> r.grade or r.grade = '')
             and not string_to_array(lower(p.display_name), ' ') && string_to_array(lower(r.title), ' ') then 'sourced_id_reused' end,
       case when p.user_id is not null then jsonb_build_object('name', p.display_name, 'grade', p.grade, 'kind', p.kind, 'school', coalesce(s.sourced_id, ''),
            'guardian', p.also_guardian, 'identifiers', to_jsonb(p.identifiers), 'username', encode(p.username_hash, 'hex'), 'email', encode(p.email_hash, 'hex'),
            'thirteen', p.thirteen_from, 'adult', p.adult_from, 'state', p.state, 'leaves', p.leaves_at, 'hash', encode(p.row_hash, 'hex')) end,
       jsonb_build_object('name', r.title, 'grade', r.grade, 'kind', r.role, 'school', r.org, 'guardian', r.flag, 'identifiers', to_jsonb(r.identifiers),
            'username', encode(r.username_hash, 'hex'), 'email', encode(r.email_hash, 'hex'), 'thirteen', r.thirteen_from, 'adult', r.adult_from,
            'state', 'active', 'leaves', null, 'hash', encode(r.hash, 'hex'))
  from roster_rows r left join people p on p.source_id = sqlc.arg(source_id) and p.sourced_id = r.sourced_id
       left join schools s on s.id = p.school_id
 where r.import_id = sqlc.arg(import_id) and r.kind = 'person' and r.refused is null and not r.leaving
   and (p.user_id is null or p.state <> 'active' and not 'state' = any (p.set_by_hand) or p.row_hash is distinct from r.hash);

-- Roles that came without their user, of a file of changes.

-- name: ChangesInsertRoles :execrows
insert into roster_changes (organization_id, import_id, seq, phase, kind, action, sourced_id, school, target_id, before, after)
select app.org(), sqlc.arg(import_id), sqlc.arg(after_seq)::bigint + row_number() over (order by p.sourced_id), 1, 'person', 'changed', p.sourced_id,
       coalesce(s.sourced_id, ''), p.user_id, b.before, b.before || jsonb_build_object('kind', r.kind, 'guardian', p.also_guardian or r.guardian, 'hash', null)
  from (select x.person, (array_agg(x.role order by x.flag desc, array_position(array['staff', 'student', 'guardian'], x.role), x.row))[1] as kind,
               bool_or(x.role = 'guardian') as guardian, bool_or(x.flag) as primary_role
          from roster_rows x
         where x.import_id = sqlc.arg(import_id) and x.kind = 'role' and x.refused is null and not x.leaving and x.role <> ''
         group by x.person) r
  join people p on p.source_id = sqlc.arg(source_id) and p.sourced_id = r.person and p.state = 'active'
       left join schools s on s.id = p.school_id
       cross join lateral (select jsonb_build_object('name', p.display_name, 'grade', p.grade, 'kind', p.kind, 'school', coalesce(s.sourced_id, ''),
            'guardian', p.also_guardian, 'identifiers', to_jsonb(p.identifiers), 'username', encode(p.username_hash, 'hex'), 'email', encode(p.email_hash, 'hex'),
            'thirteen', p.thirteen_from, 'adult', p.adult_from, 'state', p.state, 'leaves', p.leaves_at, 'hash', encode(p.row_hash, 'hex')) as before) b
 where not exists (select from roster_rows u where u.import_id = sqlc.arg(import_id) and u.kind = 'person' and u.sourced_id = r.person)
   and (r.primary_role and p.kind <> r.kind or r.guardian and not p.also_guardian);

-- An owner or admin never leaves by a roster.

-- name: ChangesInsertPeopleLeaving :execrows
insert into roster_changes (organization_id, import_id, seq, phase, kind, action, sourced_id, school, target_id, before, after)
select app.org(), sqlc.arg(import_id), sqlc.arg(after_seq)::bigint + row_number() over (order by p.sourced_id), 2, 'person', 'leaving', p.sourced_id,
       coalesce(s.sourced_id, ''), p.user_id, b.before, b.before || jsonb_build_object('state', 'leaving', 'hash', null)
  from people p left join schools s on s.id = p.school_id
       cross join lateral (select jsonb_build_object('name', p.display_name, 'grade', p.grade, 'kind', p.kind, 'school', coalesce(s.sourced_id, ''),
            'guardian', p.also_guardian, 'identifiers', to_jsonb(p.identifiers), 'username', encode(p.username_hash, 'hex'), 'email', encode(p.email_hash, 'hex'),
            'thirteen', p.thirteen_from, 'adult', p.adult_from, 'state', p.state, 'leaves', p.leaves_at, 'hash', encode(p.row_hash, 'hex')) as before) b
 where p.source_id = sqlc.arg(source_id) and p.state = 'active' and not 'state' = any (p.set_by_hand)
   and not exists (select from members m where m.user_id = p.user_id and m.role in ('owner', 'admin'))
   and (exists (select from roster_rows r where r.import_id = sqlc.arg(import_id) and r.kind = 'person' and r.sourced_id = p.sourced_id and r.leaving and r.refused is null)
        or sqlc.arg(complete)::boolean
           and not exists (select from roster_rows r where r.import_id = sqlc.arg(import_id) and r.kind = 'person' and r.sourced_id = p.sourced_id)
           and (p.school_id is null or not sqlc.arg(orgs_bulk)::boolean
                or exists (select from roster_rows o where o.import_id = sqlc.arg(import_id) and o.kind = 'org' and o.sourced_id = s.sourced_id and o.refused is null and not o.leaving)));

-- A place in a class follows from all rows of the source that support it: those of
-- the package, and those from before that the package says nothing about or cannot
-- say, since their row was refused or their school did not come. A day begins when
-- it begins anywhere on Earth (UTC+14) and ends when it has ended everywhere
-- (UTC-12).

-- name: ChangesInsertEnrollments :execrows
with staged as (
    select r.class, r.person, r.sourced_id as sid, r.role, r.flag,
           coalesce(r.starts::timestamp at time zone 'UTC' - interval '14 hours', '-infinity') as begins,
           coalesce(coalesce(r.ends, k.ends)::timestamp at time zone 'UTC' + interval '12 hours', 'infinity') as ends
      from roster_rows r
      left join (select c.sourced_id, max(t.ends) as ends from roster_rows c join roster_rows t on t.import_id = c.import_id and t.kind = 'term' and t.sourced_id = any (c.terms)
                  where c.import_id = sqlc.arg(import_id) and c.kind = 'class' group by c.sourced_id) k on k.sourced_id = r.class
     where r.import_id = sqlc.arg(import_id) and r.kind = 'enrollment' and r.refused is null and not r.leaving),
came as (
    select s.id from schools s where s.source_id = sqlc.arg(source_id) and (not sqlc.arg(orgs_bulk)::boolean
        or exists (select from roster_rows o where o.import_id = sqlc.arg(import_id) and o.kind = 'org' and o.sourced_id = s.sourced_id and o.refused is null and not o.leaving))),
there as (
    select c.sourced_id as class, p.sourced_id as person, m.role, m.primary_teacher as flag, m.begins_at as begins, m.ends_at as ends,
           m.supported_by, m.removed_by, coalesce(s.sourced_id, '') as school, c.school_id is null or came.id is not null as came,
           gc.target_id is not null or gp.target_id is not null as goes
      from class_members m
      join classes c on c.id = m.class_id and c.source_id = sqlc.arg(source_id)
      join people p on p.user_id = m.user_id and p.source_id = sqlc.arg(source_id)
      left join schools s on s.id = c.school_id
      left join came on came.id = c.school_id
      left join roster_changes gc on gc.import_id = sqlc.arg(import_id) and gc.phase = 2 and gc.kind = 'class' and gc.target_id = m.class_id
      left join roster_changes gp on gp.import_id = sqlc.arg(import_id) and gp.phase = 2 and gp.kind = 'person' and gp.target_id = m.user_id
     where m.origin = 'roster'),
unclear as (
    select distinct f.class, f.person from roster_rows f where f.import_id = sqlc.arg(import_id) and f.kind = 'enrollment' and f.refused is not null),
kept as (
    select h.class, h.person, x.sid, h.role, h.flag, h.begins, h.ends
      from there h cross join unnest(h.supported_by) as x(sid)
      left join roster_rows r on r.import_id = sqlc.arg(import_id) and r.kind = 'enrollment' and r.sourced_id = x.sid
      left join unclear u on u.class = h.class and u.person = h.person
     where not h.goes and (r.refused is not null or r.sourced_id is null and (not sqlc.arg(complete)::boolean or not h.came or u.class is not null))),
wanted as (
    select w.class, w.person, array_agg(distinct w.sid order by w.sid) as supported_by, case when bool_or(w.role = 'teacher') then 'teacher' else 'student' end as role,
           bool_or(w.flag) and bool_or(w.role = 'teacher') as flag, min(w.begins) as begins, max(w.ends) as ends
      from (select class, person, sid, role, flag, begins, ends from staged union all select class, person, sid, role, flag, begins, ends from kept) w
     group by w.class, w.person)
insert into roster_changes (organization_id, import_id, seq, phase, kind, action, sourced_id, person, school, before, after)
select app.org(), sqlc.arg(import_id), case d.phase when 1 then sqlc.arg(after_seq)::bigint else sqlc.arg(after_removal)::bigint end
       + row_number() over (partition by d.phase order by d.class, d.person), d.phase, 'enrollment', d.action,
       d.class, d.person, d.school, d.before, d.after
  from (select case when w.class is null then 2 else 1 end as phase,
               case when w.class is null then 'leaving' when h.class is null then 'new' when h.supported_by = '{}' then 'back' else 'changed' end as action,
               coalesce(w.class, h.class) as class, coalesce(w.person, h.person) as person,
               coalesce(h.school, k.org, '') as school,
               case when h.class is not null then jsonb_build_object('role', h.role, 'primary', h.flag, 'begins', h.begins, 'ends', h.ends, 'supported_by', to_jsonb(h.supported_by)) end as before,
               case when w.class is not null then jsonb_build_object('role', w.role, 'primary', w.flag, 'begins', w.begins, 'ends', w.ends, 'supported_by', to_jsonb(w.supported_by))
                    else jsonb_build_object('role', h.role, 'primary', h.flag, 'begins', h.begins, 'ends', null, 'supported_by', '[]'::jsonb) end as after
          from wanted w full join there h on h.class = w.class and h.person = w.person
          left join roster_rows k on k.import_id = sqlc.arg(import_id) and k.kind = 'class' and k.sourced_id = w.class and k.refused is null
         where h.removed_by is null
           and (w.class is not null and (h.class is null or (w.role, w.flag, w.begins, w.ends, w.supported_by) is distinct from (h.role, h.flag, h.begins, h.ends, h.supported_by))
                or w.class is null and h.supported_by <> '{}')) d;

-- What is in a class of a person who is held alone is held with them.

-- name: ChangesHoldWith :execrows
update roster_changes c set held = p.held
  from roster_changes p where c.import_id = sqlc.arg(import_id) and c.kind in ('enrollment', 'guardian') and p.import_id = c.import_id and p.kind = 'person' and p.held is not null
   and p.sourced_id = case c.kind when 'enrollment' then c.person else c.sourced_id end;

-- name: ChangesInsertGuardians :execrows
insert into roster_changes (organization_id, import_id, seq, phase, kind, action, sourced_id, school, before, after)
select app.org(), sqlc.arg(import_id), sqlc.arg(after_seq)::bigint + row_number() over (order by r.sourced_id), 1, 'guardian',
       case when a.agents is null then 'new' else 'changed' end, r.sourced_id, r.org, jsonb_build_object('agents', coalesce(to_jsonb(a.agents), '[]'::jsonb)),
       jsonb_build_object('agents', to_jsonb(w.agents))
  from roster_rows r
       cross join lateral (select coalesce(array_agg(distinct g order by g), '{}') as agents from unnest(r.agents) g) w
       left join (select carrier, array_agg(agent order by agent) as agents from roster_agents where source_id = sqlc.arg(source_id) group by carrier) a on a.carrier = r.sourced_id
 where r.import_id = sqlc.arg(import_id) and r.kind = 'person' and r.refused is null and not r.leaving and w.agents <> coalesce(a.agents, '{}');

-- What the diff says, and what holds it.

-- name: ChangesCounts :many
select kind, school, action, count(*) as n, count(*) filter (where held is not null) as held from roster_changes where import_id = $1
 group by kind, school, action order by kind, school, action;

-- name: ChangesFingerprint :one
select coalesce(sum(hashtextextended(concat_ws(' ', seq, kind, action, sourced_id, person, held, md5(before::text), md5(after::text)), 0)::numeric), 0)::text from roster_changes where import_id = $1;

-- name: ChangesPage :many
select seq, phase, kind, action, sourced_id, person, school, held, before, after from roster_changes
 where import_id = sqlc.arg(import_id) and seq > sqlc.arg(after_seq)
   and (sqlc.arg(kind)::text = '' or kind = sqlc.arg(kind)::text) and (sqlc.arg(action)::text = '' or action = sqlc.arg(action)::text)
   and (not sqlc.arg(of_school)::boolean or school = sqlc.arg(school)::text)
 order by seq limit sqlc.arg(most);

-- name: LeavingBySchool :many
select c.kind, c.school, coalesce(c.before ->> 'kind', '')::text as person_kind, count(*) as n from roster_changes c
 where c.import_id = $1 and c.phase = 2 and c.kind in ('class', 'person') group by c.kind, c.school, person_kind;

-- name: ActiveClasses :many
select coalesce(s.sourced_id, '')::text as school, count(*) as n from classes c left join schools s on s.id = c.school_id
 where c.source_id = sqlc.arg(source_id) and c.state = 'active' group by s.sourced_id;

-- name: ActivePeople :many
select coalesce(s.sourced_id, '')::text as school, p.kind, count(*) as n from people p left join schools s on s.id = p.school_id
 where p.source_id = sqlc.arg(source_id) and p.state = 'active' group by s.sourced_id, p.kind;

-- name: ActiveEnrollments :one
select count(*) from class_members m join classes c on c.id = m.class_id where c.source_id = sqlc.arg(source_id) and m.origin = 'roster' and m.supported_by <> '{}';

-- name: PeopleActiveCount :one
select count(*) from people where state = 'active';

-- name: SchoolsMissing :one
select count(*) from schools s where s.source_id = sqlc.arg(source_id)
   and not exists (select from roster_rows o where o.import_id = sqlc.arg(import_id) and o.kind = 'org' and o.sourced_id = s.sourced_id)
   and exists (select from classes c where c.school_id = s.id and c.state = 'active');

-- Persons that come with a new sourcedId and the user name or address of another.

-- name: IdentifiersChanged :one
select count(*) from roster_changes c
 where c.import_id = sqlc.arg(import_id) and c.kind = 'person' and c.action = 'new'
   and (exists (select from people p where p.source_id = sqlc.arg(source_id) and p.username_hash = decode(c.after ->> 'username', 'hex'))
        or exists (select from people p where p.source_id = sqlc.arg(source_id) and p.email_hash = decode(c.after ->> 'email', 'hex')));

-- Applying. A batch is a range of changes of one import. to_before takes the state
-- from before the import instead of the one after it. What a person set by hand
-- stays.

-- name: BatchInsert :execrows
insert into roster_batches (organization_id, import_id, direction, first_seq, last_seq) values (app.org(), $1, $2, $3, $4) on conflict do nothing;

-- name: BatchLast :one
select coalesce(max(last_seq), 0)::bigint from roster_batches where import_id = $1 and direction = 'apply';

-- name: ChangesNext :one
select coalesce(min(seq), 0)::bigint as first_seq, coalesce(max(seq), 0)::bigint as last_seq, coalesce(array_agg(distinct kind), '{}')::text[] as kinds,
       count(*) as changes
  from (select seq, kind from roster_changes where import_id = sqlc.arg(import_id) and seq > sqlc.arg(after_seq) and seq < sqlc.arg(end_seq)
         order by seq limit sqlc.arg(most)) c;

-- name: BatchNextToUndo :one
select b.first_seq, b.last_seq, (select coalesce(array_agg(distinct c.kind), '{}') from roster_changes c
          where c.import_id = b.import_id and c.seq between b.first_seq and b.last_seq)::text[] as kinds
  from roster_batches b where b.import_id = $1 and b.direction = 'apply'
   and not exists (select from roster_batches u where u.import_id = b.import_id and u.direction = 'undo' and u.first_seq = b.first_seq)
 order by b.first_seq desc limit 1;

-- name: ChangesAudited :many
select action, target_id, coalesce(before ->> 'kind', '')::text as kind_before, coalesce(after ->> 'kind', '')::text as kind_after from roster_changes
 where import_id = sqlc.arg(import_id) and kind = 'person' and seq between sqlc.arg(first_seq) and sqlc.arg(last_seq) and (held is null or sqlc.arg(with_held)::boolean)
   and (action <> 'changed' or before ->> 'kind' <> after ->> 'kind')
 order by seq;

-- name: ApplySchools :execrows
insert into schools (organization_id, id, name, source_id, sourced_id)
select app.org(), c.target_id, (case when sqlc.arg(to_before)::boolean then c.before else c.after end) ->> 'name', sqlc.arg(source_id)::uuid, c.sourced_id
  from roster_changes c where c.import_id = sqlc.arg(import_id) and c.kind = 'school' and c.seq between sqlc.arg(first_seq) and sqlc.arg(last_seq)
   and (case when sqlc.arg(to_before)::boolean then c.before else c.after end) is not null
on conflict (organization_id, source_id, sourced_id) where source_id is not null do update set name = excluded.name;

-- name: ApplyTerms :execrows
insert into terms (organization_id, id, title, starts_on, ends_on, source_id, sourced_id)
select app.org(), c.target_id, x.x ->> 'title', (x.x ->> 'starts')::date, (x.x ->> 'ends')::date, sqlc.arg(source_id)::uuid, c.sourced_id
  from roster_changes c cross join lateral (select case when sqlc.arg(to_before)::boolean then c.before else c.after end) x(x)
 where c.import_id = sqlc.arg(import_id) and c.kind = 'term' and c.seq between sqlc.arg(first_seq) and sqlc.arg(last_seq) and x.x is not null
on conflict (organization_id, source_id, sourced_id) where source_id is not null
do update set title = excluded.title, starts_on = excluded.starts_on, ends_on = excluded.ends_on;

-- name: ApplyClasses :execrows
insert into classes (organization_id, id, title, code, school_id, term_ids, state, source_id, sourced_id, row_hash)
select app.org(), c.target_id, x.x ->> 'title', x.x ->> 'code',
       (select s.id from schools s where s.source_id = sqlc.arg(source_id)::uuid and s.sourced_id = x.x ->> 'school'),
       coalesce((select array_agg(t.id order by t.sourced_id) from terms t
                  where t.source_id = sqlc.arg(source_id)::uuid and t.sourced_id in (select jsonb_array_elements_text(x.x -> 'terms'))), '{}'),
       x.x ->> 'state', sqlc.arg(source_id)::uuid, c.sourced_id, decode(x.x ->> 'hash', 'hex')
  from roster_changes c cross join lateral (select case when sqlc.arg(to_before)::boolean then coalesce(c.before, c.after || '{"state": "archived", "hash": null}') else c.after end) x(x)
 where c.import_id = sqlc.arg(import_id) and c.kind = 'class' and c.seq between sqlc.arg(first_seq) and sqlc.arg(last_seq)
   and (c.held is null or sqlc.arg(with_held)::boolean)
on conflict (organization_id, source_id, sourced_id) where source_id is not null
do update set title = case when 'title' = any (classes.set_by_hand) then classes.title else excluded.title end,
    code = case when 'code' = any (classes.set_by_hand) then classes.code else excluded.code end,
    school_id = case when 'school_id' = any (classes.set_by_hand) then classes.school_id else excluded.school_id end,
    term_ids = case when 'term_ids' = any (classes.set_by_hand) then classes.term_ids else excluded.term_ids end,
    state = case when 'state' = any (classes.set_by_hand) then classes.state else excluded.state end,
    row_hash = excluded.row_hash, updated_at = now();

-- name: UsersMake :exec
select app.users_make((select array_agg(c.target_id) from roster_changes c
 where c.import_id = sqlc.arg(import_id) and c.kind = 'person' and c.action = 'new' and c.seq between sqlc.arg(first_seq) and sqlc.arg(last_seq)));

-- A person who was new keeps nothing when the import is undone: neither a name nor
-- a hash. Who was erased since the changes were worked out has a row that is of no source
-- any more, and is left out: the next import that has the person makes a new one.

-- name: ApplyPeople :execrows
insert into people (organization_id, user_id, kind, display_name, grade, source_id, sourced_id, identifiers, username_hash, email_hash, state, leaves_at,
       thirteen_from, adult_from, row_hash, school_id, also_guardian)
select app.org(), c.target_id, x.x ->> 'kind', x.x ->> 'name', x.x ->> 'grade', sqlc.arg(source_id)::uuid, c.sourced_id,
       coalesce((select array_agg(i) from jsonb_array_elements_text(x.x -> 'identifiers') i), '{}'), decode(x.x ->> 'username', 'hex'), decode(x.x ->> 'email', 'hex'),
       x.x ->> 'state', case when x.x ->> 'state' = 'leaving' then coalesce((x.x ->> 'leaves')::timestamptz, now() + make_interval(days => sqlc.arg(leave_days))) end,
       (x.x ->> 'thirteen')::date, (x.x ->> 'adult')::date, decode(x.x ->> 'hash', 'hex'),
       (select s.id from schools s where s.source_id = sqlc.arg(source_id)::uuid and s.sourced_id = x.x ->> 'school'), (x.x ->> 'guardian')::boolean
  from roster_changes c cross join lateral (select case when sqlc.arg(to_before)::boolean
          then coalesce(c.before, c.after || '{"name": "", "grade": "", "identifiers": [], "username": null, "email": null, "thirteen": null, "adult": null, "state": "left", "hash": null}')
          else c.after end) x(x)
 where c.import_id = sqlc.arg(import_id) and c.kind = 'person' and c.seq between sqlc.arg(first_seq) and sqlc.arg(last_seq)
   and (c.held is null or sqlc.arg(with_held)::boolean)
   and not exists (select from people e where e.user_id = c.target_id and e.source_id is null)
on conflict (organization_id, source_id, sourced_id) where source_id is not null
do update set kind = case when 'kind' = any (people.set_by_hand) then people.kind else excluded.kind end,
    display_name = case when 'display_name' = any (people.set_by_hand) then people.display_name else excluded.display_name end,
    grade = case when 'grade' = any (people.set_by_hand) then people.grade else excluded.grade end,
    identifiers = case when 'identifiers' = any (people.set_by_hand) then people.identifiers else excluded.identifiers end,
    username_hash = case when 'username_hash' = any (people.set_by_hand) then people.username_hash else excluded.username_hash end,
    email_hash = case when 'email_hash' = any (people.set_by_hand) then people.email_hash else excluded.email_hash end,
    state = case when 'state' = any (people.set_by_hand) then people.state else excluded.state end,
    leaves_at = case when 'state' = any (people.set_by_hand) then people.leaves_at else excluded.leaves_at end,
    since = case when people.state <> excluded.state then now() else people.since end,
    thirteen_from = case when 'thirteen_from' = any (people.set_by_hand) then people.thirteen_from else excluded.thirteen_from end,
    adult_from = case when 'adult_from' = any (people.set_by_hand) then people.adult_from else excluded.adult_from end,
    school_id = case when 'school_id' = any (people.set_by_hand) then people.school_id else excluded.school_id end,
    also_guardian = excluded.also_guardian, row_hash = excluded.row_hash, updated_at = now();

-- name: ApplyEnrollments :execrows
insert into class_members (organization_id, class_id, user_id, origin, role, primary_teacher, begins_at, ends_at, source_id, sourced_id, supported_by)
select app.org(), k.id, p.user_id, 'roster', x.x ->> 'role', (x.x ->> 'primary')::boolean, (x.x ->> 'begins')::timestamptz,
       coalesce((x.x ->> 'ends')::timestamptz, now()), sqlc.arg(source_id)::uuid, x.x -> 'supported_by' ->> 0,
       coalesce((select array_agg(i order by i) from jsonb_array_elements_text(x.x -> 'supported_by') i), '{}')
  from roster_changes c cross join lateral (select case when sqlc.arg(to_before)::boolean then c.before else c.after end) x(x)
  join classes k on k.source_id = sqlc.arg(source_id)::uuid and k.sourced_id = c.sourced_id
  join people p on p.source_id = sqlc.arg(source_id)::uuid and p.sourced_id = c.person
 where c.import_id = sqlc.arg(import_id) and c.kind = 'enrollment' and c.seq between sqlc.arg(first_seq) and sqlc.arg(last_seq) and x.x is not null
   and (c.held is null or sqlc.arg(with_held)::boolean)
on conflict (organization_id, class_id, user_id, origin)
do update set role = excluded.role, primary_teacher = excluded.primary_teacher, begins_at = excluded.begins_at, ends_at = excluded.ends_at,
    source_id = excluded.source_id, sourced_id = coalesce(excluded.sourced_id, class_members.sourced_id), supported_by = excluded.supported_by, updated_at = now()
 where class_members.removed_by is null;

-- name: UndoEnrollments :execrows
delete from class_members m using roster_changes c, classes k, people p
 where c.import_id = sqlc.arg(import_id) and c.kind = 'enrollment' and c.before is null and c.seq between sqlc.arg(first_seq) and sqlc.arg(last_seq)
   and k.source_id = sqlc.arg(source_id)::uuid and k.sourced_id = c.sourced_id and p.source_id = sqlc.arg(source_id)::uuid and p.sourced_id = c.person
   and m.class_id = k.id and m.user_id = p.user_id and m.origin = 'roster' and m.removed_by is null;

-- name: AgentsDelete :execrows
delete from roster_agents a where a.source_id = sqlc.arg(source_id)::uuid and a.carrier = any (array(select c.sourced_id from roster_changes c
 where c.import_id = sqlc.arg(import_id) and c.kind = 'guardian' and c.seq between sqlc.arg(first_seq) and sqlc.arg(last_seq)
   and (c.held is null or sqlc.arg(with_held)::boolean)));

-- name: AgentsInsert :execrows
insert into roster_agents (organization_id, source_id, carrier, agent, created_by)
select app.org(), sqlc.arg(source_id)::uuid, c.sourced_id, g, sqlc.narg(created_by)
  from roster_changes c cross join lateral jsonb_array_elements_text((case when sqlc.arg(to_before)::boolean then c.before else c.after end) -> 'agents') g
 where c.import_id = sqlc.arg(import_id) and c.kind = 'guardian' and c.seq between sqlc.arg(first_seq) and sqlc.arg(last_seq)
   and (c.held is null or sqlc.arg(with_held)::boolean)
on conflict do nothing;

-- name: GuardianshipsDerive :exec
select app.derive_guardianships(null);

-- The report.

-- name: ReportCounts :one
select (select count(*) from people p where p.source_id = sqlc.arg(source_id) and p.state = 'active' and p.kind = 'student'
           and p.sourced_id not in (select a.carrier from roster_agents a where a.source_id = sqlc.arg(source_id) union select a.agent from roster_agents a where a.source_id = sqlc.arg(source_id)))::bigint as students_without_guardian,
       (select count(*) from people p where p.source_id = sqlc.arg(source_id) and p.state = 'active'
           and not exists (select from logins l where l.user_id = p.user_id))::bigint as people_without_login,
       (select count(*) from (select from app.roster_wards(null)) w)::bigint as guardianships;

-- Cleaning.

-- name: ChangesClean :execrows
delete from roster_changes c where c.import_id = sqlc.arg(import_id) and c.seq <= (select coalesce(min(m.seq), 0) + sqlc.arg(most)::bigint from roster_changes m where m.import_id = sqlc.arg(import_id));

-- name: RowsClean :execrows
delete from roster_rows r where r.ctid = any (array(select x.ctid from roster_rows x where x.import_id = sqlc.arg(import_id) limit sqlc.arg(most)));

-- The inbox folder.

-- name: PickupSee :one
insert into roster_pickups (organization_id, id, source_id, name, etag, size)
values (app.org(), sqlc.arg(id), sqlc.arg(source_id), sqlc.arg(name), sqlc.arg(etag), sqlc.arg(size))
    on conflict (organization_id, source_id, name) where state in ('seen', 'taken') do update
   set etag = case when roster_pickups.state = 'seen' then excluded.etag else roster_pickups.etag end,
       size = case when roster_pickups.state = 'seen' then excluded.size else roster_pickups.size end,
       seen_at = case when roster_pickups.state = 'seen' and (roster_pickups.etag, roster_pickups.size) <> (excluded.etag, excluded.size) then now() else roster_pickups.seen_at end
returning id, etag, size, state, code, (seen_at < now() - sqlc.arg(settle)::interval)::boolean as settled;

-- name: PickupTake :execrows
update roster_pickups set state = 'taken', code = sqlc.narg(code), taken_at = now()
 where id = sqlc.arg(id) and state = 'seen' and etag = sqlc.arg(etag);

-- name: PickupEnd :execrows
update roster_pickups set state = sqlc.arg(state), moved_to = sqlc.narg(moved_to), ended_at = now() where id = sqlc.arg(id) and state in ('seen', 'taken');

-- name: PickupForget :exec
delete from roster_pickups where id = $1;

-- name: PickupsOpen :many
select id, source_id, name, etag, size, state, code, moved_to, seen_at, taken_at, ended_at from roster_pickups where source_id = $1 and state in ('seen', 'taken') order by id;

-- name: PickupsOld :many
select id, moved_to from roster_pickups where source_id = sqlc.arg(source_id) and ended_at < now() - sqlc.arg(kept)::interval order by ended_at limit sqlc.arg(most);

-- name: PickupPage :many
select id, source_id, name, etag, size, state, code, moved_to, seen_at, taken_at, ended_at from roster_pickups
 where (sqlc.arg(before)::uuid = '00000000-0000-0000-0000-000000000000' or id < sqlc.arg(before)::uuid)
 order by id desc limit sqlc.arg(most);
