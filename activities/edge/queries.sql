-- What was before the cache was told of an organization for the first time is not told.

-- name: CursorStart :exec
insert into edge_cursors (organization_id, position)
select app.org(), coalesce(max(e.seq), 0) from organization_events e where e.at < sqlc.arg(before)::timestamptz
    on conflict do nothing;

-- name: CursorGet :one
select position, now()::timestamptz as at from edge_cursors;

-- name: CursorMove :exec
update edge_cursors set position = greatest(position, sqlc.arg(position)), updated_at = now();

-- name: EventPage :many
select seq::bigint as seq, type, data, at from organization_events
 where seq > sqlc.arg(after)::bigint and type = any (sqlc.arg(types)::text[]) order by seq limit sqlc.arg(most);

-- name: EventWaits :one
select exists (select from organization_events e where e.seq is null and e.type = any (sqlc.arg(types)::text[]))
    or exists (select from organization_events e where e.seq > coalesce((select c.position from edge_cursors c), 0) and e.type = any (sqlc.arg(types)::text[]))
    or exists (select from edge_purges p where p.state = 'waiting');

-- name: PurgePage :many
select key, since from edge_purges where state = 'waiting' order by key limit sqlc.arg(most);

-- What the cache was told is done, also what was given up. What was asked for again
-- meanwhile stays.

-- name: PurgesDone :exec
delete from edge_purges where key = any (sqlc.arg(keys)::text[]) and since <= sqlc.arg(until)::timestamptz;

-- name: PurgeGiveUp :exec
insert into edge_purges as p (organization_id, key, state, since) values (app.org(), sqlc.arg(key), 'given_up', sqlc.arg(since)::timestamptz)
    on conflict (organization_id, key) do update set state = 'given_up', since = excluded.since where p.since <= excluded.since;

-- name: PurgesReplay :execrows
update edge_purges set state = 'waiting', since = now() where state = 'given_up';

-- name: PurgesForget :exec
delete from edge_purges where state = 'given_up' and since < sqlc.arg(before)::timestamptz;
