-- name: RequestInsert :exec
insert into access_requests (organization_id, id, student_id, requester_id, note) values (app.org(), sqlc.arg(id), sqlc.arg(student_id), sqlc.arg(requester_id), sqlc.arg(note));

-- name: RequestGet :one
select r.id, r.student_id, r.requester_id, r.note, r.state, r.received_at, r.due_at, r.verified_by, r.verified_at, r.verified_how, r.released_by, r.released_at, r.delivered_at,
       r.ended_by, r.ended_at, r.ended_reason, (r.due_at <= now() and r.state not in ('delivered', 'closed', 'rejected', 'withdrawn'))::boolean as overdue,
       coalesce((select x.id from exports x where x.access_request_id = r.id order by x.created_at desc limit 1), '00000000-0000-0000-0000-000000000000')::uuid as export_id
  from access_requests r where r.id = sqlc.arg(id);

-- Open ones first, those that are due soonest at the head.
-- name: RequestList :many
select r.id, r.student_id, r.requester_id, r.note, r.state, r.received_at, r.due_at, r.verified_by, r.verified_at, r.verified_how, r.released_by, r.released_at, r.delivered_at,
       r.ended_by, r.ended_at, r.ended_reason, (r.due_at <= now() and r.state not in ('delivered', 'closed', 'rejected', 'withdrawn'))::boolean as overdue,
       coalesce((select x.id from exports x where x.access_request_id = r.id order by x.created_at desc limit 1), '00000000-0000-0000-0000-000000000000')::uuid as export_id
  from access_requests r
 where (sqlc.narg(before)::uuid is null or r.id < sqlc.narg(before)::uuid) and (sqlc.arg(ended)::boolean or r.ended_at is null)
 order by r.id desc limit sqlc.arg(most);

-- Of a guardian with one child here that child; of a student themselves.
-- name: StudentsOfActor :many
select w.student_id::uuid as student_id from app.my_wards w union select m.user_id from members m where m.user_id = app.actor() and m.role = 'student' limit 2;

-- name: RequestVerify :execrows
update access_requests set state = 'review', verified_by = sqlc.arg(by), verified_at = now(), verified_how = sqlc.arg(how) where id = sqlc.arg(id) and state = 'received';

-- name: RequestCollect :exec
select app.access_request_collect(app.org(), sqlc.arg(id)::uuid);

-- name: FileList :many
select a.file_id, coalesce(f.name, '')::text as name, a.students, a.decision, a.reason, a.decided_by, a.decided_at
  from access_request_files a left join files f on f.id = a.file_id
 where a.request_id = sqlc.arg(request_id) and (sqlc.narg(after)::uuid is null or a.file_id > sqlc.narg(after)::uuid) order by a.file_id limit sqlc.arg(most);

-- name: FileDecide :execrows
update access_request_files a set decision = sqlc.arg(decision), reason = sqlc.arg(reason), decided_by = sqlc.arg(by), decided_at = now()
 where a.request_id = sqlc.arg(request_id) and a.file_id = sqlc.arg(file_id);

-- name: FilesWaiting :one
select count(*) from access_request_files where request_id = sqlc.arg(request_id) and decision = 'waiting';

-- name: RequestLock :one
select state from access_requests where id = sqlc.arg(id) for update;

-- Empty: who asked has the right to the records; else the section by which not.
-- name: RequestRight :one
select coalesce(app.access_request_right(app.org(), sqlc.arg(id)::uuid), '34 CFR 99.4')::text as rule;

-- name: RequestRelease :execrows
update access_requests set state = 'releasing', released_by = sqlc.arg(by), released_at = now() where id = sqlc.arg(id) and state in ('review', 'ready', 'delivered');

-- name: RequestDeliver :execrows
update access_requests set state = 'delivered', delivered_at = now() where id = sqlc.arg(id) and state = 'ready' and requester_id = app.actor();

-- name: RequestEnd :execrows
update access_requests set state = sqlc.arg(state), ended_by = sqlc.arg(by), ended_at = now(), ended_reason = sqlc.arg(reason)
 where id = sqlc.arg(id) and ended_at is null and state <> 'releasing';

-- name: RequestTell :one
select app.access_request_tell(app.org(), sqlc.arg(id)::uuid)::integer as day;
