-- name: Clock :one
select now()::timestamptz as now;

-- name: KeyGet :one
select id, user_id, name, role, scopes, all_spaces, last4, created_by, created_at, expires_at, last_used_at, revoked_at, replaced_by
  from api_keys where id = $1;

-- name: KeyInsert :one
insert into api_keys (organization_id, id, user_id, name, role, scopes, all_spaces, hash, last4, created_by, expires_at)
values (app.org(), sqlc.arg(id), sqlc.arg(user_id), sqlc.arg(name), sqlc.arg(role), sqlc.arg(scopes), sqlc.arg(all_spaces), sqlc.arg(hash), sqlc.arg(last4),
        sqlc.arg(created_by), now() + sqlc.arg(life)::interval)
returning id, user_id, name, role, scopes, all_spaces, last4, created_by, created_at, expires_at, last_used_at, revoked_at, replaced_by;

-- name: KeyLock :one
select id, user_id, name, role, scopes, all_spaces, last4, created_by, created_at, expires_at, last_used_at, revoked_at, replaced_by
  from api_keys where id = $1 for update;

-- name: KeyPage :many
select id, user_id, name, role, scopes, all_spaces, last4, created_by, created_at, expires_at, last_used_at, revoked_at, replaced_by
  from api_keys where sqlc.arg(before)::uuid = '00000000-0000-0000-0000-000000000000' or id < sqlc.arg(before)::uuid
 order by id desc limit sqlc.arg(most);

-- name: KeyReplace :exec
update api_keys set replaced_by = sqlc.arg(successor)::uuid, expires_at = least(expires_at, now() + sqlc.arg(overlap)::interval)
 where id = sqlc.arg(id);

-- name: KeyRevoke :exec
update api_keys set revoked_at = now() where id = $1;

-- name: KeyUsed :exec
update api_keys set last_used_at = now()
 where id = sqlc.arg(id) and (last_used_at is null or last_used_at <= now() - sqlc.arg(rest)::interval);

-- name: KeysCount :one
select count(*) filter (where revoked_at is null and expires_at > now()) as live, coalesce(bool_or(id = sqlc.arg(id)), false)::boolean as made
  from api_keys;

-- With its last key a service account stops being a member.

-- name: ServiceAccountDelete :exec
delete from members m where m.user_id = $1 and m.service
   and not exists (select from api_keys k where k.user_id = m.user_id and k.revoked_at is null and k.expires_at > now());
