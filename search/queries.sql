-- Joined to files, so that the policy of files speaks too.
-- name: SearchPage :many
select f.id as file_id, s.named::boolean as named, s.written::boolean as written, s.score::integer as score, s.around::text as around
  from app.search(sqlc.arg(query), sqlc.arg(scope), sqlc.arg(fuzzy), sqlc.arg(narrowing), sqlc.arg(newest), sqlc.narg(after_score)::integer, sqlc.narg(after_id)::uuid, sqlc.arg(page)::integer) s
  join files f on f.id = s.file_id
 order by s.score desc, f.id desc;

-- name: RecentUse :exec
insert into recents as r (organization_id, user_id, file_id) values (app.org(), app.actor(), $1)
on conflict (organization_id, user_id, file_id) do update set used_at = now() where r.used_at < now() - interval '1 minute';

-- The files are locked for the notes of them, so that one that is deleted at this moment
-- fails nothing.

-- name: RecentUseAll :exec
insert into recents as r (organization_id, user_id, file_id)
select f.organization_id, u.user_id, f.id
  from unnest(sqlc.arg(users)::uuid[], sqlc.arg(files)::uuid[]) u(user_id, file_id)
  join files f on f.organization_id = (select app.org()) and f.id = u.file_id
 order by u.user_id, f.id
   for key share of f
on conflict (organization_id, user_id, file_id) do update set used_at = now() where r.used_at < now() - interval '1 minute';

-- name: RecentPage :many
select r.file_id, r.used_at from recents r join files f on f.id = r.file_id
 where r.user_id = app.actor() and f.trashed_at is null
   and (sqlc.narg(before_at)::timestamptz is null or (r.used_at, r.file_id) < (sqlc.narg(before_at)::timestamptz, sqlc.narg(before_id)::uuid))
 order by r.used_at desc, r.file_id desc limit sqlc.arg(page)::integer;
