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
