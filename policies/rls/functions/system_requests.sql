-- Organizations with requests whose keys are past their time, in id order.
create or replace function app.organizations_with_old_requests(after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select k.organization_id from idempotency_keys k where k.expires_at < now() and k.organization_id > after
     group by k.organization_id order by k.organization_id limit n
$$;
