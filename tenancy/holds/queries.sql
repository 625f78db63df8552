-- name: HoldInsert :exec
insert into holds (organization_id, id, kind, scope, person_id, space_id, file_id, category, created_from, created_before, name_part, reason, placed_by)
values (app.org(), sqlc.arg(id), sqlc.arg(kind), sqlc.arg(scope), sqlc.narg(person_id)::uuid, sqlc.narg(space_id)::uuid, sqlc.narg(file_id)::uuid,
        sqlc.narg(category)::text, sqlc.narg(created_from)::timestamptz, sqlc.narg(created_before)::timestamptz, sqlc.narg(name_part)::text, sqlc.arg(reason), sqlc.arg(placed_by));

-- name: HoldGet :one
select id, kind, scope, person_id, space_id, file_id, category, created_from, created_before, name_part, reason, placed_by, placed_at,
       release_asked_by, release_asked_at, release_reason, released_by, released_at from holds where id = sqlc.arg(id);

-- name: HoldLock :one
select release_asked_by, released_at from holds where id = sqlc.arg(id) for update;

-- name: HoldList :many
select id, kind, scope, person_id, space_id, file_id, category, created_from, created_before, name_part, reason, placed_by, placed_at,
       release_asked_by, release_asked_at, release_reason, released_by, released_at from holds
 where (sqlc.narg(before)::uuid is null or id < sqlc.narg(before)::uuid) and (sqlc.arg(released)::boolean or released_at is null)
 order by id desc limit sqlc.arg(most);

-- name: HoldAskRelease :exec
update holds set release_asked_by = sqlc.arg(asked_by), release_asked_at = now(), release_reason = sqlc.arg(reason) where id = sqlc.arg(id);

-- name: HoldRelease :exec
update holds set released_by = sqlc.arg(released_by), released_at = now() where id = sqlc.arg(id);

-- Which of these files a hold covers, of those that the caller sees.
-- name: HoldCovered :many
select f.id from files f where f.id = any(sqlc.arg(ids)::uuid[]) and app.on_hold(f);
