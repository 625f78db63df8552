-- Verifications of audit logs that have not ended, one an organization at most:
-- their workflow may be lost. A deletion that has begun ends them, and they are
-- not started again. The first seconds belong to the request that began it.
create or replace function app.verifications_unfinished(after uuid, n integer)
returns table (organization_id uuid, operation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.organization_id, p.id from operations p join organizations o on o.id = p.organization_id
     where p.kind = 'verify_audit_log' and p.state = 'running' and p.organization_id > after
       and o.deletion_begun_at is null and p.created_at < now() - interval '20 seconds'
     order by p.organization_id limit n
$$;
