-- name: PolicyInsert :exec
insert into retention_policies (organization_id, id, category, children, purpose, business_need, days, begins, disposal, created_by)
values (app.org(), sqlc.arg(id), sqlc.arg(category), sqlc.arg(children), sqlc.arg(purpose), sqlc.arg(business_need), sqlc.narg(days)::integer, sqlc.arg(begins), sqlc.arg(disposal), sqlc.arg(created_by));

-- name: PolicyUpdate :execrows
update retention_policies set category = sqlc.arg(category), children = sqlc.arg(children), purpose = sqlc.arg(purpose), business_need = sqlc.arg(business_need),
    days = sqlc.narg(days)::integer, begins = sqlc.arg(begins), disposal = sqlc.arg(disposal), updated_at = now() where id = sqlc.arg(id);

-- name: PolicyDelete :execrows
delete from retention_policies where id = sqlc.arg(id);

-- name: PolicyCount :one
select count(*) from retention_policies;

-- name: PolicyTaken :one
select exists (select from retention_policies where category = sqlc.arg(category) and children = sqlc.arg(children) and id <> sqlc.arg(id));

-- name: PolicyGet :one
select id, category, children, purpose, business_need, days, begins, disposal, created_by, created_at, updated_at from retention_policies where id = sqlc.arg(id);

-- name: PolicyList :many
select id, category, children, purpose, business_need, days, begins, disposal, created_by, created_at, updated_at from retention_policies order by category, children limit 200;

-- name: FileDue :one
select d.policy_id::uuid as policy_id, d.disposal::text as disposal, d.since::timestamptz as since from files f cross join lateral app.retention_due(f) d where f.id = sqlc.arg(file_id);

-- name: FileOnHold :one
select app.on_hold(f)::boolean from files f where f.id = sqlc.arg(file_id);

-- name: ReviewPut :exec
insert into retention_reviews as r (organization_id, file_id, policy_id, due_at) values (app.org(), sqlc.arg(file_id), sqlc.arg(policy_id), sqlc.arg(due_at)::timestamptz)
on conflict (organization_id, file_id) do update set policy_id = excluded.policy_id, state = 'waiting', due_at = excluded.due_at, keep_until = null, reason = '', decided_by = null, decided_at = null;

-- name: ReviewLock :one
select state, policy_id from retention_reviews where file_id = sqlc.arg(file_id) for update;

-- name: ReviewGet :one
select file_id, policy_id, state, due_at, keep_until, reason, decided_by, decided_at from retention_reviews where file_id = sqlc.arg(file_id);

-- name: ReviewList :many
select file_id, policy_id, state, due_at, keep_until, reason, decided_by, decided_at from retention_reviews
 where file_id > sqlc.arg(after) and state = sqlc.arg(state) order by file_id limit sqlc.arg(most);

-- name: ReviewDecide :exec
update retention_reviews set state = sqlc.arg(state), keep_until = sqlc.narg(keep_until)::timestamptz, reason = sqlc.arg(reason), decided_by = sqlc.arg(decided_by)::uuid, decided_at = now() where file_id = sqlc.arg(file_id);

-- name: ReviewsForget :exec
delete from retention_reviews where policy_id = sqlc.arg(policy_id) and state = 'waiting';
