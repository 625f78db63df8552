-- name: PassSave :exec
insert into reconcile_passes (organization_id, stage, after_id, due_at, completed_at)
values (app.org(), sqlc.arg(stage), sqlc.arg(after_id), now() + sqlc.arg(wait)::interval, case when sqlc.arg(done)::boolean then now() end)
on conflict (organization_id) do update set stage = excluded.stage, after_id = excluded.after_id, due_at = excluded.due_at,
    completed_at = coalesce(excluded.completed_at, reconcile_passes.completed_at), updated_at = now();

-- A cache that was told of the organization is told to forget everything of it.

-- name: EdgeForget :exec
insert into edge_purges as p (organization_id, key, state, since)
select app.org(), 'o-' || app.org()::text, 'waiting', now() from edge_cursors
    on conflict (organization_id, key) do update set state = 'waiting', since = now();
