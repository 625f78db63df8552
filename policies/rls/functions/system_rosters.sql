-- Users for people whom a roster brings. A user is an id and nothing else, so that
-- making one says nothing of a person; ids that are there stay.
create or replace function app.users_make(ids uuid[])
returns void language sql security definer set search_path = public, pg_temp as $$
    insert into users (id) select unnest(ids) on conflict do nothing
$$;

-- Imports whose workflow may be lost. One is ready that waits and may go on: it was
-- decided, or needs no decision, and its source is not paused.
drop function if exists app.roster_imports_unfinished(interval, uuid, integer);
create or replace function app.roster_imports_unfinished(quiet_for interval, after uuid, n integer)
returns table (organization_id uuid, import_id uuid, state text, ready boolean)
language sql stable security definer set search_path = public, pg_temp as $$
    select i.organization_id, i.id, i.state, i.state = 'waiting' and (i.decision is not null or i.holds = '[]' and not i.review)
           and coalesce(s.paused_until <= now(), true)
      from roster_imports i join organizations o on o.id = i.organization_id
      join roster_sources s on s.organization_id = i.organization_id and s.id = i.source_id
     where i.state in ('received', 'checking', 'waiting', 'applying', 'undoing') and o.deletion_begun_at is null
       and i.updated_at < now() - quiet_for and i.id > after
     order by i.id limit n
$$;

-- Imports that ended so long ago that what they brought goes.
create or replace function app.roster_imports_due(ended_for interval, after uuid, n integer)
returns table (organization_id uuid, import_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select i.organization_id, i.id from roster_imports i
     where i.cleaned_at is null and i.ended_at < now() - ended_for and i.id > after
     order by i.id limit n
$$;

drop function if exists app.people_due(uuid, integer);

-- Sources whose folder in the inbox is looked into: packages are picked up, or something
-- of one that was picked up before is left to do.
create or replace function app.roster_inboxes(after uuid, n integer)
returns table (organization_id uuid, source_id uuid, pickup boolean)
language sql stable security definer set search_path = public, pg_temp as $$
    select s.organization_id, s.id, s.pickup
      from roster_sources s join organizations o on o.id = s.organization_id
     where (s.pickup or exists (select from roster_pickups p where p.organization_id = s.organization_id and p.source_id = s.id))
       and o.status = 'active' and o.deletion_begun_at is null and s.id > after
     order by s.id limit n
$$;

-- Which of these folders is no source's that picks packages up.
create or replace function app.roster_inboxes_unknown(orgs uuid[], sources uuid[])
returns table (organization_id uuid, source_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select f.org, f.source from unnest(orgs, sources) as f (org, source)
     where not exists (select from roster_sources s where s.organization_id = f.org and s.id = f.source and s.pickup)
$$;
