-- Joined to files, so that the policy of files speaks too.
-- name: SearchPage :many
select f.id as file_id, s.named::boolean as named, s.written::boolean as written, s.score::integer as score, s.around::text as around
  from app.search(sqlc.arg(query), sqlc.arg(scope), sqlc.arg(fuzzy), sqlc.arg(narrowing), sqlc.arg(newest), sqlc.narg(after_score)::integer, sqlc.narg(after_id)::uuid, sqlc.arg(page)::integer) s
  join files f on f.id = s.file_id
 order by s.score desc, f.id desc;

-- name: RecentUse :exec
insert into recents as r (organization_id, user_id, file_id) values (app.org(), app.actor(), $1)
on conflict (organization_id, user_id, file_id) do update set used_at = now() where r.used_at < now() - interval '1 minute';
