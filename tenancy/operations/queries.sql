-- The first end is kept: a repeated call changes nothing.

-- name: OperationEnd :execrows
update operations set
    steps = case when ended_at is null then coalesce(sqlc.narg(steps)::jsonb, steps) else steps end,
    result = case when ended_at is null then sqlc.narg(result)::jsonb else result end,
    error = case when ended_at is null then sqlc.narg(error)::jsonb else error end,
    state = case when ended_at is null then sqlc.arg(state)::text else state end,
    reason_class = case when ended_at is not null or sqlc.arg(state)::text = 'failed' and reason_class <> '' then reason_class else sqlc.arg(reason_class)::text end,
    reason_code = case when ended_at is null then sqlc.arg(reason_code)::text else reason_code end,
    done = case when ended_at is null then coalesce(sqlc.narg(done)::bigint, done) else done end,
    total = case when ended_at is null then coalesce(sqlc.narg(total)::bigint, total) else total end,
    next_try_at = null, doubted_at = null, ended_at = coalesce(ended_at, now())
 where id = sqlc.arg(id);

-- name: OperationGet :one
select id, kind, workflow_id, state, steps, result, error, created_by, created_at, ended_at,
       queue, priority, attempts, next_try_at, started_at, done, total, reason_class, reason_code, cost_micro, target_type, target_id, rounds
  from operations where id = $1;

-- name: OperationOfWorkflow :one
select id from operations where workflow_id = $1 order by created_at desc limit 1;

-- The id may be there by an earlier try, and an index may allow one open operation of the kind.

-- name: OperationInsert :execrows
insert into operations (organization_id, id, kind, workflow_id, state, steps, created_by, queue, priority, target_type, target_id)
values (app.org(), sqlc.arg(id), sqlc.arg(kind), sqlc.arg(workflow_id), 'waiting', coalesce(sqlc.narg(steps)::jsonb, '[]'), sqlc.narg(created_by),
        sqlc.arg(queue), sqlc.arg(priority), sqlc.arg(target_type), sqlc.narg(target_id))
on conflict do nothing;

-- What begins is said by its first step (OperationAttempt): a job that waits in a queue that
-- operators hold has done nothing, although its workflow runs.

-- name: OperationProgress :execrows
update operations set steps = sqlc.arg(steps), done = sqlc.arg(done), total = sqlc.arg(total),
       state = case when state in ('waiting', 'paused') and sqlc.arg(done)::bigint > 0 then 'running' else state end,
       started_at = case when sqlc.arg(done)::bigint > 0 then coalesce(started_at, now()) else started_at end, doubted_at = null
 where id = sqlc.arg(id) and ended_at is null;

-- name: OperationReopen :execrows
update operations set state = 'waiting', error = null, result = null, ended_at = null, reason_class = '', reason_code = '', attempts = 0,
       next_try_at = null, started_at = null, doubted_at = null, rounds = rounds + 1
 where id = $1 and state in ('failed', 'cancelled');

-- name: OperationInTheWay :one
select id from operations where id = sqlc.arg(id) or kind = sqlc.arg(kind) and ended_at is null
order by id = sqlc.arg(id) desc limit 1;

-- An attempt of the job's work begins. Of the first one nothing is written when the job runs.

-- name: OperationAttempt :execrows
update operations set state = 'running', started_at = coalesce(started_at, now()), attempts = greatest(attempts, sqlc.arg(attempt)::integer), next_try_at = null
 where workflow_id = sqlc.arg(workflow_id) and ended_at is null and (state <> 'running' or attempts < sqlc.arg(attempt)::integer);

-- An attempt failed. Without a next one the workflow decides what becomes of the job. Attempt 0 is of a
-- step that ends the job: that it fails is shown, and how often its work was tried stays.

-- name: OperationRetrying :execrows
update operations set state = case when sqlc.narg(next_try_at)::timestamptz is null then state else 'retrying' end, attempts = coalesce(nullif(sqlc.arg(attempt)::integer, 0), attempts), next_try_at = sqlc.narg(next_try_at), reason_class = sqlc.arg(reason_class), reason_code = sqlc.arg(reason_code)
 where workflow_id = sqlc.arg(workflow_id) and ended_at is null;

-- What failed before has succeeded now. A job of which no work was done is ended next, and does not run for that.

-- name: OperationRecovered :execrows
update operations set state = case when started_at is not null then 'running' when state = 'retrying' then 'waiting' else state end, next_try_at = null, reason_class = '', reason_code = ''
 where workflow_id = sqlc.arg(workflow_id) and ended_at is null and reason_code <> '';

-- name: OperationPriority :execrows
update operations set priority = $2 where id = $1 and ended_at is null;

-- name: OperationCost :execrows
update operations set cost_micro = cost_micro + sqlc.arg(micro) where id = sqlc.arg(id);

-- name: OperationDoubted :execrows
update operations set doubted_at = now() where id = $1 and ended_at is null and doubted_at is null;

-- name: OperationBelieved :execrows
update operations set doubted_at = null where id = $1 and doubted_at is not null;

-- name: OperationTimeline :many
select n, at, state, attempt, code, priority from operation_events where operation_id = $1 order by n;

-- name: OperationCounts :many
select kind, state, queue, priority, sum(n)::bigint as n from operation_counts group by kind, state, queue, priority having sum(n) <> 0 order by kind, state, queue, priority;

-- name: OperationCountsOf :many
select kind, state, queue, priority, count(*) as n from operations where created_by = $1 group by kind, state, queue, priority order by kind, state, queue, priority;

-- Rows of sweeps that are old: they say what was found, and nothing waits for them.

-- name: OperationSweptDelete :execrows
delete from operations where id in (
    select o.id from operations o where o.kind = any (sqlc.arg(kinds)::text[]) and o.ended_at < sqlc.arg(before)::timestamptz order by o.created_at limit sqlc.arg(most));

-- A run of a sweep that found something. It is a job of the platform, under the id of its run.

-- name: OperationSwept :exec
insert into operations (organization_id, id, kind, workflow_id, state, queue, priority, started_at, ended_at, done, total, reason_class, reason_code)
values (app.org(), sqlc.arg(id), sqlc.arg(kind), sqlc.arg(workflow_id), 'succeeded', sqlc.arg(queue), 'low', sqlc.arg(started_at), now(), sqlc.arg(done), sqlc.arg(total), sqlc.arg(reason_class), sqlc.arg(reason_code))
on conflict (organization_id, id) do update set done = operations.done + excluded.done, total = operations.total + excluded.total, ended_at = now(),
       reason_class = case when excluded.reason_code <> '' then excluded.reason_class else operations.reason_class end,
       reason_code = case when excluded.reason_code <> '' then excluded.reason_code else operations.reason_code end;
