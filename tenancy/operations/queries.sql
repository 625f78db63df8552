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

-- The id may be there by an earlier try, and an index may allow one running operation of the kind.

-- name: OperationInsert :execrows
insert into operations (organization_id, id, kind, workflow_id, steps, created_by)
values (app.org(), sqlc.arg(id), sqlc.arg(kind), sqlc.arg(workflow_id), coalesce(sqlc.narg(steps)::jsonb, '[]'), sqlc.narg(created_by))
on conflict do nothing;

-- name: OperationProgress :execrows
update operations set steps = $2 where id = $1 and state = 'running';

-- name: OperationReopen :exec
update operations set state = 'running', error = null, result = null, ended_at = null where id = $1 and state in ('failed', 'cancelled');

-- name: OperationInTheWay :one
select id from operations where id = sqlc.arg(id) or kind = sqlc.arg(kind) and state = 'running'
order by id = sqlc.arg(id) desc limit 1;
