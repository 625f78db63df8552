-- name: ActiveAdd :exec
insert into usage_active (organization_id, day, user_id)
select app.org(), d::date, u from unnest(sqlc.arg(days)::text[], sqlc.arg(users)::uuid[]) x (d, u) order by d, u
on conflict (organization_id, day, user_id) do nothing;

-- name: ActiveDelete :exec
delete from usage_active where day < sqlc.arg(before)::date;

-- The rows are written in one order everywhere, so that two processes cannot
-- wait for each other's.

-- name: CountersAdd :exec
insert into usage_counters as u (organization_id, day, metric, amount)
select app.org(), d::date, m, n from unnest(sqlc.arg(days)::text[], sqlc.arg(metrics)::text[], sqlc.arg(amounts)::bigint[]) x (d, m, n) order by d, m
on conflict (organization_id, day, metric) do update set amount = u.amount + excluded.amount;

-- name: CrossingList :many
select metric, threshold, used::bigint as used, most::bigint as most, percent, rising::boolean as rising from usage_crossings order by metric, threshold desc;

-- name: DayList :many
select day::date as day, uploads::bigint as uploads, bytes_in::bigint as bytes_in, bytes_out::bigint as bytes_out, downloads::bigint as downloads,
       scans::bigint as scans, renditions::bigint as renditions, jobs::bigint as jobs, active_users::bigint as active_users, stored_bytes::bigint as stored_bytes
  from app.usage_count(sqlc.arg(counted_from)::date, sqlc.arg(today)::date) where day <= sqlc.arg(until)::date
union all
select day, uploads, bytes_in, bytes_out, downloads, scans, renditions, jobs, active_users, stored_bytes
  from usage_days where day >= sqlc.arg(since)::date and day <= sqlc.arg(until)::date and day < sqlc.arg(counted_from)::date
order by day;

-- What models cost by day, in UTC.

-- name: ModelDays :many
select starts_on as day, spent_micro, input_tokens, output_tokens from generation_spending
 where period = 'day' and starts_on >= sqlc.arg(since) and starts_on <= sqlc.arg(until) order by starts_on;

-- name: DaysRollUp :exec
insert into usage_days (organization_id, day, uploads, bytes_in, bytes_out, downloads, scans, renditions, jobs, active_users, stored_bytes, rolled_at)
select app.org(), day, uploads, bytes_in, bytes_out, downloads, scans, renditions, jobs, active_users, stored_bytes, sqlc.arg(now)::timestamptz
  from app.usage_count(sqlc.arg(counted_from)::date, sqlc.arg(today)::date) order by day
on conflict (organization_id, day) do update set uploads = excluded.uploads, bytes_in = excluded.bytes_in, bytes_out = excluded.bytes_out,
    downloads = excluded.downloads, scans = excluded.scans, renditions = excluded.renditions, jobs = excluded.jobs,
    active_users = excluded.active_users, stored_bytes = excluded.stored_bytes, rolled_at = excluded.rolled_at;

-- name: EdgeSums :many
select metric, sum(amount)::bigint as amount from usage_counters where day >= sqlc.arg(since) and metric like 'edge\_%' group by metric;

-- name: FlushInsert :execrows
insert into usage_flushes (organization_id, id) values (app.org(), $1) on conflict (organization_id, id) do nothing;

-- name: FlushesDelete :exec
delete from usage_flushes where created_at < now() - interval '1 day';

-- name: LimitsGet :one
select (q.used_bytes + q.reserved_bytes)::bigint as bytes_used, q.max_bytes as bytes_max,
       (select count(*) from members where not service)::bigint as members, (select max_members from tiers)::bigint as members_max, q.max_file_size
  from storage_quotas q;

-- name: WarningDelete :exec
delete from usage_warnings where metric = $1 and threshold = $2;

-- name: WarningGet :one
select w.metric, coalesce(l.used, 0)::bigint as used, coalesce(l.most, 0)::bigint as most, coalesce(l.percent, 0)::integer as percent, w.mail
  from usage_warnings w left join usage_levels l on l.metric = w.metric where w.event_id = sqlc.arg(event_id)::uuid;

-- name: WarningInsert :exec
insert into usage_warnings (organization_id, metric, threshold) values (app.org(), $1, $2);

-- name: WarningList :many
select w.metric, w.threshold, coalesce(l.percent, 0)::integer as percent, w.raised_at, w.event_id, w.mail, w.mail_code, w.mailed_at
  from usage_warnings w left join usage_levels l on l.metric = w.metric order by w.metric, w.threshold desc;

-- name: WarningMailed :execrows
update usage_warnings set mail = sqlc.arg(mail)::text, mail_code = sqlc.arg(mail_code),
    mailed_at = case when sqlc.arg(mail)::text = 'sent' then now() end
 where event_id = sqlc.arg(event_id)::uuid and mail = 'queued';

-- name: WarningQueue :exec
update usage_warnings set event_id = sqlc.arg(event_id)::uuid,
    mail = case when (select contact_email from organizations) = '' then 'none' else 'queued' end
 where metric = sqlc.arg(metric) and threshold = sqlc.arg(threshold);

-- name: WarningStarted :exec
update usage_warnings set started_at = now() where event_id = sqlc.arg(event_id)::uuid and mail = 'queued';

-- name: WarningsLock :exec
select pg_advisory_xact_lock(hashtextextended('warnings/' || app.org()::text, 0));
