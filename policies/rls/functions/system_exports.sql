-- Exports that have made no progress for a while: their workflow may be lost. A
-- deletion that has begun ends them, and no one starts them again.
create or replace function app.exports_unfinished(quiet_for interval, n integer)
returns table (organization_id uuid, export_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select e.organization_id, e.id from exports e join organizations o on o.id = e.organization_id
     where e.state = 'running' and o.deletion_begun_at is null and e.updated_at < now() - quiet_for order by e.updated_at limit n
$$;

-- Exports past their time.
create or replace function app.exports_due(n integer)
returns table (organization_id uuid, export_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select e.organization_id, e.id from exports e where e.state = 'ready' and e.expires_at < now() order by e.expires_at limit n
$$;
