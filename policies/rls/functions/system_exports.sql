-- Exports that have made no progress for a while: their workflow may be lost. A
-- deletion that has begun ends them, and no one starts them again.
create or replace function app.exports_unfinished(quiet_for interval, after uuid, n integer)
returns table (organization_id uuid, export_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select e.organization_id, e.id from exports e join organizations o on o.id = e.organization_id
     where e.state = 'running' and o.deletion_begun_at is null and e.updated_at < now() - quiet_for
       and e.id > after
     order by e.id limit n
$$;

-- Exports past their time, and those that ended a while ago and may have left objects.
create or replace function app.exports_due(after uuid, n integer)
returns table (organization_id uuid, export_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select e.organization_id, e.id from exports e
     where (e.state = 'ready' and e.expires_at < now()
            or e.state in ('failed', 'removed') and e.cleaned_at is null and e.updated_at < now() - interval '1 minute')
       and e.id > after
     order by e.id limit n
$$;
