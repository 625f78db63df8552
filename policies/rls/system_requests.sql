-- Organizations with requests whose keys are past their time.
create or replace function app.organizations_with_old_requests(n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select distinct k.organization_id from idempotency_keys k where k.expires_at < now() limit n
$$;
