-- The tiers, which belong to no organization.
create or replace function app.tiers() returns setof tiers
language sql stable security definer set search_path = public, pg_temp as $$
    select * from tiers order by max_bytes, name
$$;

-- Makes or changes a tier, and at once the limits of every organization in it
-- that has none of its own.
create or replace function app.tier_set(t tiers) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into tiers select t.* on conflict (name) do update set
        max_members = excluded.max_members, max_bytes = excluded.max_bytes, max_file_size = excluded.max_file_size,
        requests_per_minute = excluded.requests_per_minute, concurrent_uploads = excluded.concurrent_uploads,
        concurrent_scans = excluded.concurrent_scans, renditions = excluded.renditions, features = excluded.features, updated_at = now();
    update storage_quotas q set updated_at = now(),
        max_bytes = case when q.max_bytes_set then q.max_bytes else t.max_bytes end,
        max_file_size = case when q.max_file_size_set then q.max_file_size else t.max_file_size end
      from organizations o where o.id = q.organization_id and o.tier = t.name;
end $$;
