-- name: AmendmentAbout :one
select app.amendment_about(app.org(), sqlc.arg(file_id)::uuid, sqlc.arg(student_id)::uuid)::boolean as about;

-- Who the actor is to a request: one with the rights of a student's parents, or of a student who is of age;
-- an officer who may bring it to the state (app.amendment_officer).
-- name: AmendmentRight :one
select app.my_student(sqlc.arg(student_id)::uuid)::boolean as side,
       app.amendment_officer(sqlc.arg(student_id)::uuid, sqlc.arg(requester_id)::uuid, sqlc.arg(state)::text)::boolean as officer;

-- name: AmendmentInsert :exec
insert into amendments (organization_id, id, file_id, student_id, requester_id, what)
values (app.org(), sqlc.arg(id), sqlc.arg(file_id), sqlc.arg(student_id), sqlc.arg(requester_id), sqlc.arg(what));

-- name: AmendmentGet :one
select a.id, a.file_id, a.student_id, a.requester_id, a.what, a.state, a.since, a.due_at, a.requested_at, a.reason, a.hearing_at, a.hearing_place, a.hearing_officer, a.decision, a.ended_by, a.ended_at,
       coalesce(a.due_at <= now(), false)::boolean as overdue, coalesce(s.statement, '')::text as statement
  from amendments a left join record_statements s on s.amendment_id = a.id where a.id = sqlc.arg(id);

-- name: AmendmentList :many
select a.id, a.file_id, a.student_id, a.requester_id, a.what, a.state, a.since, a.due_at, a.requested_at, a.reason, a.hearing_at, a.hearing_place, a.hearing_officer, a.decision, a.ended_by, a.ended_at,
       coalesce(a.due_at <= now(), false)::boolean as overdue, coalesce(s.statement, '')::text as statement
  from amendments a left join record_statements s on s.amendment_id = a.id
 where (sqlc.arg(ended)::boolean or a.ended_at is null) and (sqlc.narg(before)::uuid is null or a.id < sqlc.narg(before)::uuid)
   and (sqlc.narg(file_id)::uuid is null or a.file_id = sqlc.narg(file_id)::uuid)
 order by a.id desc limit sqlc.arg(most);

-- The step that a request in the state may take; no row for another one.
-- name: AmendmentStep :one
select t.to_state::text as to_state, t.taker::text as taker, t.rule::text as rule from app.amendment_steps() t where t.from_state = sqlc.arg(state)::text and t.step = sqlc.arg(step)::text;

-- name: AmendmentLock :one
select state, student_id, requester_id, file_id from amendments where id = sqlc.arg(id) for update;

-- name: AmendmentMove :execrows
update amendments set state = sqlc.arg(state), reason = coalesce(sqlc.narg(reason)::text, reason), decision = coalesce(sqlc.narg(decision)::text, decision),
       hearing_at = coalesce(sqlc.narg(hearing_at)::timestamptz, hearing_at), hearing_place = coalesce(sqlc.narg(hearing_place)::text, hearing_place),
       hearing_officer = coalesce(sqlc.narg(hearing_officer)::text, hearing_officer)
 where id = sqlc.arg(id);

-- name: StatementInsert :exec
insert into record_statements (organization_id, amendment_id, file_id, student_id, statement)
values (app.org(), sqlc.arg(amendment_id), sqlc.arg(file_id), sqlc.arg(student_id), sqlc.arg(statement));

-- name: StatementsOf :many
select s.file_id, s.amendment_id, s.student_id, s.statement, s.at from record_statements s where s.file_id = any (sqlc.arg(files)::uuid[]) order by s.at, s.amendment_id;

-- name: Steps :many
select t.from_state::text as from_state, t.step::text as step, t.to_state::text as to_state, t.taker::text as taker, coalesce(t.days, 0)::integer as days, t.rule::text as rule from app.amendment_steps() t;
