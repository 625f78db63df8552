-- The tiers, which belong to no organization. PostgreSQL does not change what a function
-- returns, so that one is made again.
drop function if exists app.tiers();
create or replace function app.tiers()
returns table (name text, max_members integer, max_bytes bigint, max_file_size bigint, requests_per_minute integer,
               concurrent_uploads integer, concurrent_scans integer, renditions boolean, features text[],
               share_outside boolean, share_upload boolean, share_password boolean, share_days integer, max_webhooks integer, updated_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select t.name, t.max_members, t.max_bytes, t.max_file_size, t.requests_per_minute, t.concurrent_uploads, t.concurrent_scans,
           t.renditions, t.features, t.share_outside, t.share_upload, t.share_password, t.share_days, t.max_webhooks, t.updated_at
      from tiers t order by t.max_bytes, t.name
$$;

-- Makes or changes a tier, and at once the limits of every organization in it
-- that has none of its own.
drop function if exists app.tier_set(text, integer, bigint, bigint, integer, integer, integer, boolean, text[]);
create or replace function app.tier_set(tier_name text, members integer, bytes bigint, file_size bigint, requests integer,
    uploads integer, scans integer, with_renditions boolean, with_features text[],
    with_outside boolean, with_upload boolean, with_password boolean, most_days integer, webhooks integer) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into tiers (name, max_members, max_bytes, max_file_size, requests_per_minute, concurrent_uploads, concurrent_scans, renditions, features,
                       share_outside, share_upload, share_password, share_days, max_webhooks, updated_at)
    values (tier_name, members, bytes, file_size, requests, uploads, scans, with_renditions, with_features,
            with_outside, with_upload, with_password, most_days, webhooks, now())
    on conflict (name) do update set
        max_members = excluded.max_members, max_bytes = excluded.max_bytes, max_file_size = excluded.max_file_size,
        requests_per_minute = excluded.requests_per_minute, concurrent_uploads = excluded.concurrent_uploads,
        concurrent_scans = excluded.concurrent_scans, renditions = excluded.renditions, features = excluded.features,
        share_outside = excluded.share_outside, share_upload = excluded.share_upload, share_password = excluded.share_password, share_days = excluded.share_days,
        max_webhooks = excluded.max_webhooks, updated_at = now();
    update storage_quotas q set updated_at = now(),
        max_bytes = case when q.max_bytes_set then q.max_bytes else bytes end,
        max_file_size = case when q.max_file_size_set then q.max_file_size else file_size end
      from organizations o where o.id = q.organization_id and o.tier = tier_name;
end $$;

-- How many uploads an organization may have open at once, by its tier. Runs at
-- the end of the transaction, counts the new upload too, and locks the quota's
-- row first, as the version's reservation has done by then: creations count one
-- after another, and no count misses what another is about to commit.
-- A person sees few of the uploads that it counts.
create or replace function app.upload_limit() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare most integer; present integer;
begin
    if new.organization_id is distinct from app.org() then
        return null; -- the policy refuses it, and nothing of another organization is looked at
    end if;
    perform from storage_quotas where organization_id = new.organization_id for update;
    select t.concurrent_uploads into most
      from organizations o join tiers t on t.name = o.tier where o.id = new.organization_id;
    select count(*) + (new.finished_at is not null)::integer into present -- one that is received with its rows takes a place too
      from (select from uploads where organization_id = new.organization_id and finished_at is null limit most + 1) open;
    if present > coalesce(most, 0) then
        raise exception 'already % uploads', present - 1 using errcode = 'SQ002';
    end if;
    return null;
end $$;
drop trigger if exists a_limit on uploads;
create constraint trigger a_limit after insert on uploads
    deferrable initially deferred for each row execute function app.upload_limit();
