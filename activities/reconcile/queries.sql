-- name: PassSave :exec
insert into reconcile_passes (organization_id, stage, after_id, due_at, completed_at)
values (app.org(), sqlc.arg(stage), sqlc.arg(after_id), now() + sqlc.arg(wait)::interval, case when sqlc.arg(done)::boolean then now() end)
on conflict (organization_id) do update set stage = excluded.stage, after_id = excluded.after_id, due_at = excluded.due_at,
    completed_at = coalesce(excluded.completed_at, reconcile_passes.completed_at), updated_at = now();
