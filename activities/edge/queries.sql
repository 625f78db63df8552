-- name: CursorGet :one
select coalesce(max(position), 0)::bigint from edge_cursors;

-- name: CursorMove :exec
insert into edge_cursors as c (organization_id, position) values (app.org(), sqlc.arg(position))
    on conflict (organization_id) do update set position = greatest(c.position, excluded.position), updated_at = now();

-- name: EventPage :many
select seq::bigint as seq, type, data, at from organization_events
 where seq > sqlc.arg(after)::bigint and type = any (sqlc.arg(types)::text[]) order by seq limit sqlc.arg(most);

-- name: EventWaits :one
select exists (select from organization_events e where e.seq is null and e.type = any (sqlc.arg(types)::text[]))
    or exists (select from organization_events e where e.seq > coalesce((select c.position from edge_cursors c), 0) and e.type = any (sqlc.arg(types)::text[]));
