-- The organization's days. system adds them up by tier.
alter table usage_days enable row level security;
alter table usage_days force row level security;
drop policy if exists tenant on usage_days;
create policy tenant on usage_days for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update on usage_days to satchel_app;
drop policy if exists system on usage_days;
create policy system on usage_days for select to satchel_system using (true);
grant select on usage_days to satchel_system;

-- usage_count counts the days from counted_from to today again. A number never
-- falls below the one that was rolled up before: a file that is purged was
-- uploaded all the same. What was stored at the end of a past day is what is
-- stored now, if nothing changed since, and what there was before the first
-- change of the day after it. Of days further back than that (no roll-up ran for
-- more than a day) it is what was rolled up last until then, and nothing if
-- nothing was: what is stored now says nothing of a day before the first byte.
create or replace function app.usage_count(counted_from date, today date)
returns table (day date, uploads bigint, bytes_in bigint, bytes_out bigint, downloads bigint, scans bigint, renditions bigint,
               jobs bigint, active_users bigint, stored_bytes bigint)
language sql stable as $$
    with days as (select d::date as day, d::date::timestamp at time zone 'UTC' as since, (d::date + 1)::timestamp at time zone 'UTC' as until
                    from generate_series(counted_from, today, interval '1 day') d),
    seen as (select day,
        (select count(*) from file_versions v where v.organization_id = (select app.org()) and v.received_at >= since and v.received_at < until) as uploads,
        (select coalesce(sum(v.size), 0)::bigint from file_versions v where v.organization_id = (select app.org()) and v.received_at >= since and v.received_at < until) as bytes_in,
        (select coalesce(sum(c.amount), 0)::bigint from usage_counters c where c.day = days.day and c.metric = 'bytes_out') as bytes_out,
        (select coalesce(sum(c.amount), 0)::bigint from usage_counters c where c.day = days.day and c.metric = 'downloads') as downloads,
        (select count(*) from file_versions v where v.organization_id = (select app.org()) and v.received_at >= since - interval '7 days' and v.received_at < until
            and v.scanned_at >= since and v.scanned_at < until) as scans,
        (select count(*) from file_versions v join version_steps s on s.organization_id = v.organization_id and s.version_id = v.id and s.name = 'preview'
           join renditions r on r.organization_id = v.organization_id and r.version_id = v.id
          where v.organization_id = (select app.org()) and v.received_at >= since - interval '7 days' and v.received_at < until
            and s.ended_at >= since and s.ended_at < until) as renditions,
        (select count(*) from operations o where o.created_at >= since and o.created_at < until) as jobs,
        (select count(*) from usage_active a where a.day = days.day) as active_users,
        (select q.used_bytes from storage_quotas q) as now_bytes,
        (select case when day >= q.opened_on then q.used_bytes when day = q.opened_on - 1 then q.opening_bytes end from storage_quotas q) as end_bytes
      from days),
    merged as (select s.day,
        greatest(s.uploads, d.uploads) as uploads, greatest(s.bytes_in, d.bytes_in) as bytes_in, greatest(s.bytes_out, d.bytes_out) as bytes_out,
        greatest(s.downloads, d.downloads) as downloads, greatest(s.scans, d.scans) as scans, greatest(s.renditions, d.renditions) as renditions,
        greatest(s.jobs, d.jobs) as jobs, greatest(s.active_users, d.active_users) as active_users,
        coalesce(case when s.day >= today then s.now_bytes else s.end_bytes end,
            (select p.stored_bytes from usage_days p where p.organization_id = (select app.org()) and p.day <= s.day order by p.day desc limit 1), 0) as stored_bytes
      from seen s left join usage_days d on d.organization_id = (select app.org()) and d.day = s.day)
    select m.day, m.uploads, m.bytes_in, m.bytes_out, m.downloads, m.scans, m.renditions, m.jobs, m.active_users, m.stored_bytes from merged m
$$;
grant execute on function app.usage_count(date, date) to satchel_app;
