-- Organizations with what requests left and is not asked for any more: keys that are past
-- their time, and zips. In id order.
create or replace function app.organizations_with_old_requests(after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select k.organization_id from idempotency_keys k where k.expires_at < now() and k.organization_id > after
     union select z.organization_id from zips z where z.expires_at < now() and z.organization_id > after
     order by 1 limit n
$$;
