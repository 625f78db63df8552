-- Usage warnings that are due, and the sums of each tier.

-- Organizations whose open warnings differ from their use.
create or replace function app.usage_crossings(after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select distinct c.organization_id from usage_crossings c where c.organization_id > after order by c.organization_id limit n
$$;

-- Warnings whose mail is to go out and has no workflow, or one that was lost.
create or replace function app.usage_warnings_waiting(silent_for interval, after uuid, n integer)
returns table (organization_id uuid, warning_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select w.organization_id, w.event_id from usage_warnings w
     where w.mail = 'queued' and (w.started_at is null or w.started_at < now() - silent_for)
       and w.event_id > after
     order by w.event_id limit n
$$;

-- Sums over each tier's organizations, and nothing of any one of them: what is
-- there now, and what was used on the days since, as it was last rolled up. The
-- Platform organization is no school and is left out.
create or replace function app.tier_levels()
returns table (tier text, organizations bigint, members bigint, used_bytes bigint, reserved_bytes bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select t.name, count(o.id), coalesce(sum(p.people), 0)::bigint, coalesce(sum(q.used_bytes), 0)::bigint, coalesce(sum(q.reserved_bytes), 0)::bigint
      from tiers t
      left join organizations o on o.tier = t.name and o.status <> 'provisioning'
      left join storage_quotas q on q.organization_id = o.id
      left join (select organization_id, count(*) as people from members where not service group by organization_id) p on p.organization_id = o.id
     where t.name <> 'platform' group by t.name
$$;

create or replace function app.tier_days(since date)
returns table (tier text, day date, uploads bigint, bytes_in bigint, bytes_out bigint, scans bigint, renditions bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.tier, d.day, sum(d.uploads)::bigint, sum(d.bytes_in)::bigint, sum(d.bytes_out)::bigint, sum(d.scans)::bigint, sum(d.renditions)::bigint
      from usage_days d join organizations o on o.id = d.organization_id
     where d.day >= since and o.tier <> 'platform' group by o.tier, d.day
$$;

-- Sums over all organizations but the platform's, for operators: what they may hold and
-- hold, and how many files are in each state.
create or replace function app.storage_levels()
returns table (organizations bigint, max_bytes bigint, max_file_size bigint, used_bytes bigint, reserved_bytes bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select count(*), coalesce(sum(q.max_bytes), 0)::bigint, coalesce(max(q.max_file_size), 0)::bigint,
           coalesce(sum(q.used_bytes), 0)::bigint, coalesce(sum(q.reserved_bytes), 0)::bigint
      from organizations o join storage_quotas q on q.organization_id = o.id where o.tier <> 'platform'
$$;

create or replace function app.storage_counts()
returns table (status text, files bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select f.status::text, count(*) from files f group by f.status order by f.status
$$;

-- What caches in front of the content host gave and were told, over all organizations but
-- the platform's, since a day.
create or replace function app.edge_sums(since date)
returns table (metric text, amount bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select c.metric, sum(c.amount)::bigint from usage_counters c join organizations o on o.id = c.organization_id
     where c.day >= since and c.metric like 'edge\_%' and o.tier <> 'platform' group by c.metric
$$;
