-- name: ActivityRollUp :one
select events::bigint as events, days::bigint as days, unfinished::boolean as unfinished from app.roll_up_activity(sqlc.arg(most)::integer, sqlc.arg(kept)::interval);

-- name: AboutGet :one
select o.name, coalesce(p.time_zone, 'UTC')::text as time_zone, coalesce(p.report_threshold, 0)::integer as threshold,
       coalesce(nullif(s.language, ''), p.mail_language, 'en')::text as language
  from organizations o
  left join organization_policies p on p.organization_id = o.id
  left join notification_settings s on s.organization_id = o.id and s.user_id = sqlc.arg(user_id);

-- name: ReportInsert :execrows
insert into reports (organization_id, id, kind, format, class_id, place, from_day, to_day, requested_by, schedule_id)
values (app.org(), sqlc.arg(id), sqlc.arg(kind), sqlc.arg(format), sqlc.narg(class_id), sqlc.arg(place), sqlc.arg(from_day), sqlc.arg(to_day), sqlc.arg(requested_by), sqlc.narg(schedule_id))
on conflict (organization_id, id) do nothing;

-- name: ReportGet :one
select id, kind, format, class_id, place, from_day, to_day, requested_by, schedule_id, state, code, file_id, version_id, row_count, as_of, time_zone, threshold, created_at, ended_at
  from reports where id = $1;

-- name: ReportList :many
select id, kind, format, class_id, place, from_day, to_day, requested_by, schedule_id, state, code, file_id, version_id, row_count, as_of, time_zone, threshold, created_at, ended_at
  from reports where (sqlc.narg(before)::uuid is null or id < sqlc.narg(before)) and (sqlc.arg(kind)::text = '' or kind = sqlc.arg(kind))
 order by id desc limit sqlc.arg(n);

-- name: ReportReady :execrows
update reports set state = 'ready', file_id = sqlc.arg(file_id), version_id = sqlc.arg(version_id), row_count = sqlc.arg(row_count), as_of = sqlc.arg(as_of)::timestamptz,
       time_zone = sqlc.arg(time_zone), threshold = sqlc.arg(threshold), ended_at = now(), updated_at = now()
 where id = sqlc.arg(id) and ended_at is null;

-- name: ReportEnd :execrows
update reports set state = sqlc.arg(state), code = sqlc.arg(code), ended_at = now(), updated_at = now() where id = sqlc.arg(id) and ended_at is null;

-- name: ScheduleInsert :execrows
insert into report_schedules (organization_id, id, kind, format, class_id, place, every, weekday, minute, next_at, created_by)
values (app.org(), sqlc.arg(id), sqlc.arg(kind), sqlc.arg(format), sqlc.narg(class_id), sqlc.arg(place), sqlc.arg(every), sqlc.arg(weekday), sqlc.arg(minute), sqlc.narg(next_at)::timestamptz, sqlc.arg(created_by))
on conflict (organization_id, id) do nothing;

-- name: ScheduleGet :one
select id, kind, format, class_id, place, every, weekday, minute, active, next_at, last_report_id, created_by, created_at from report_schedules where id = $1;

-- name: ScheduleLock :one
select id, kind, format, class_id, place, every, weekday, minute, active, next_at, last_report_id, created_by, created_at from report_schedules where id = $1 for update;

-- name: ScheduleList :many
select id, kind, format, class_id, place, every, weekday, minute, active, next_at, last_report_id, created_by, created_at from report_schedules order by id desc;

-- name: ScheduleCount :one
select count(*) from report_schedules;

-- name: ScheduleChange :execrows
update report_schedules set format = sqlc.arg(format), place = sqlc.arg(place), every = sqlc.arg(every), weekday = sqlc.arg(weekday), minute = sqlc.arg(minute), active = sqlc.arg(active),
       next_at = sqlc.narg(next_at)::timestamptz, updated_at = now()
 where id = sqlc.arg(id);

-- name: ScheduleDue :exec
update report_schedules set next_at = sqlc.arg(next_at)::timestamptz, last_report_id = coalesce(sqlc.narg(last_report_id), last_report_id), updated_at = now() where id = sqlc.arg(id);

-- name: ScheduleStop :exec
update report_schedules set active = false, updated_at = now() where id = sqlc.arg(id);

-- name: ScheduleDelete :execrows
delete from report_schedules where id = $1;

-- Whether the person is of the staff of a class: asked as that person.

-- name: ClassStaff :one
select exists (select from spaces s where s.class_id = sqlc.arg(class_id)::uuid and s.kind = 'class' and app.my_level(s.id) >= 3);

-- The staff room of the person.

-- name: StaffRoom :one
select id from spaces where kind = 'staff' and state = 'open' and app.my_level(id) >= 2 order by created_at, id limit 1;

-- name: StorageDays :many
select day, uploads, bytes_in, bytes_out, downloads, stored_bytes from usage_days where day >= sqlc.arg(since) and day <= sqlc.arg(until) order by day;

-- name: StorageSpaces :many
select s.kind, count(distinct s.id)::bigint as spaces, count(v.id)::bigint as files, coalesce(sum(v.size), 0)::bigint as bytes
  from spaces s left join files f on f.organization_id = s.organization_id and f.space_id = s.id and f.trashed_at is null
  left join file_versions v on v.organization_id = f.organization_id and v.id = f.current_id
 group by s.kind order by s.kind;

-- What people did: by verb, and in all.

-- name: ActivityRoles :many
select role, coalesce(verb, '')::text as verb, count(*)::bigint as n, count(distinct person)::bigint as people
  from activity_events where at >= sqlc.arg(since)::timestamptz and at < sqlc.arg(until)::timestamptz and person is not null
 group by grouping sets ((role, verb), (role)) order by 1, 2;

-- name: ActivityDays :many
select day, verb, sum(n)::bigint as n, sum(people)::bigint as people from activity_days
 where day >= sqlc.arg(since) and day <= sqlc.arg(until) and (verb = 'any' and role = '' or verb <> 'any' and role not in ('', 'key'))
 group by day, verb order by day, verb;

-- name: TypeSums :many
select part, sum(n)::bigint as n, sum(bytes)::bigint as bytes from activity_days
 where verb = 'published' and day >= sqlc.arg(since) and day <= sqlc.arg(until) group by part order by 2 desc, 1;

-- name: RefusalSums :many
select verb, part, sum(n)::bigint as n from activity_days
 where verb in ('rejected', 'quarantined', 'held') and day >= sqlc.arg(since) and day <= sqlc.arg(until) group by verb, part order by 3 desc, 1, 2;

-- name: OutcomeDays :many
select day, coalesce(sum(n) filter (where verb = 'published'), 0)::bigint as published, coalesce(sum(n) filter (where verb = 'rejected'), 0)::bigint as rejected,
       coalesce(sum(n) filter (where verb = 'quarantined'), 0)::bigint as quarantined, coalesce(sum(n) filter (where verb = 'held'), 0)::bigint as held
  from activity_days where verb in ('published', 'rejected', 'quarantined', 'held') and day >= sqlc.arg(since) and day <= sqlc.arg(until) group by day order by day;

-- name: JobSums :many
select kind, count(*)::bigint as n, count(*) filter (where state = 'succeeded')::bigint as succeeded, count(*) filter (where state = 'failed')::bigint as failed,
       count(*) filter (where state = 'cancelled')::bigint as cancelled,
       coalesce(percentile_cont(0.5) within group (order by extract(epoch from started_at - created_at) * 1000), 0)::bigint as wait_p50,
       coalesce(percentile_cont(0.95) within group (order by extract(epoch from started_at - created_at) * 1000), 0)::bigint as wait_p95,
       coalesce(percentile_cont(0.5) within group (order by extract(epoch from ended_at - started_at) * 1000), 0)::bigint as run_p50,
       coalesce(percentile_cont(0.95) within group (order by extract(epoch from ended_at - started_at) * 1000), 0)::bigint as run_p95,
       coalesce(sum(cost_micro), 0)::bigint as cost_micro
  from operations where created_at >= sqlc.arg(since)::timestamptz and created_at < sqlc.arg(until)::timestamptz group by kind order by kind;

-- name: GenerationDays :many
select starts_on, calls, input_tokens, output_tokens, spent_micro from generation_spending
 where period = 'day' and starts_on >= sqlc.arg(since) and starts_on <= sqlc.arg(until) order by starts_on;

-- name: GenerationKinds :many
select kind, count(*)::bigint as n, count(distinct requested_by)::bigint as people, count(*) filter (where state = 'published')::bigint as published,
       count(*) filter (where state = 'rejected')::bigint as rejected, count(*) filter (where state = 'failed')::bigint as failed,
       count(distinct requested_by) filter (where state = 'published')::bigint as published_people, count(distinct requested_by) filter (where state = 'rejected')::bigint as rejected_people,
       count(distinct requested_by) filter (where state = 'failed')::bigint as failed_people
  from generations where created_at >= sqlc.arg(since)::timestamptz and created_at < sqlc.arg(until)::timestamptz group by kind order by kind;

-- Each hand-in of a class that is due in the period, or was made in it and is never due. The
-- students are those who are in the class now.

-- name: HandInSums :many
with students as (
    select distinct m.space_id, m.user_id from space_members m
     where m.level = 2 and m.via in ('roster', 'manual', 'grant') and m.begins_at <= now() and m.ends_at > now()),
sizes as (select space_id, count(*) as n from students group by space_id),
wanted as (
    select d.id, d.space_id, d.name, d.due_at from folders d
     where d.mode = 'handin' and coalesce(d.due_at, d.created_at) >= sqlc.arg(since)::timestamptz and coalesce(d.due_at, d.created_at) < sqlc.arg(until)::timestamptz),
handed as (
    select w.id, count(*) filter (where w.due_at is null or h.handed_in_at <= w.due_at) as on_time, count(*) as n
      from wanted w join hand_ins h on h.folder_id = w.id join students s on s.space_id = w.space_id and s.user_id = h.student_id group by w.id)
select c.title as class, w.name, w.due_at, coalesce(z.n, 0)::bigint as students, coalesce(h.on_time, 0)::bigint as on_time, (coalesce(h.n, 0) - coalesce(h.on_time, 0))::bigint as late
  from wanted w join spaces s on s.id = w.space_id and s.kind = 'class' join classes c on c.id = s.class_id
  left join sizes z on z.space_id = w.space_id left join handed h on h.id = w.id
 order by c.title, w.due_at, w.name, w.id;

-- The same of one class, as its staff sees it.

-- name: ClassHandIns :many
select d.name, d.due_at, count(*)::bigint as students, count(*) filter (where x.handed_in_at is not null and (d.due_at is null or x.handed_in_at <= d.due_at))::bigint as on_time,
       count(*) filter (where x.handed_in_at > d.due_at)::bigint as late, count(x.returned_at)::bigint as returned
  from spaces s join folders d on d.space_id = s.id and d.mode = 'handin' cross join lateral app.hand_in_states(d.id) x
 where s.class_id = sqlc.arg(class_id)::uuid and s.kind = 'class' and coalesce(d.due_at, d.created_at) >= sqlc.arg(since)::timestamptz and coalesce(d.due_at, d.created_at) < sqlc.arg(until)::timestamptz
 group by d.id, d.name, d.due_at order by d.due_at, d.name, d.id;

-- name: ClassTitle :one
select title from classes where id = $1;
