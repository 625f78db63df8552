-- The first end is kept: a repeated call changes nothing.

-- name: OperationEnd :execrows
update operations set
    steps = case when state = 'running' then coalesce(sqlc.narg(steps)::jsonb, steps) else steps end,
    result = case when state = 'running' then sqlc.narg(result)::jsonb else result end,
    error = case when state = 'running' then sqlc.narg(error)::jsonb else error end,
    ended_at = coalesce(ended_at, now()),
    state = case when state = 'running' then sqlc.arg(state)::text else state end
 where id = sqlc.arg(id);

-- name: OperationGet :one
select id, kind, workflow_id, state, steps, result, error, created_by, created_at, ended_at from operations where id = $1;

-- name: OperationInsert :exec
insert into operations (organization_id, id, kind, workflow_id, created_by) values (app.org(), $1, $2, $3, $4)
on conflict (organization_id, id) do nothing;

-- name: OperationInsertVerification :execrows
insert into operations (organization_id, id, kind, workflow_id, created_by) values (app.org(), $1, 'verify_audit_log', $2, $3)
on conflict (organization_id) where kind = 'verify_audit_log' and state = 'running' do nothing;

-- name: OperationProgress :execrows
update operations set steps = $2 where id = $1 and state = 'running';

-- name: OperationReopen :exec
update operations set state = 'running', error = null, result = null, ended_at = null where id = $1 and state in ('failed', 'cancelled');

-- name: OperationRunningVerification :one
select id from operations where kind = 'verify_audit_log' and state = 'running';
