-- name: EventInsert :exec
insert into organization_events (organization_id, seq, id, type, data)
select app.org(), coalesce(max(seq), 0) + 1, sqlc.arg(id), sqlc.arg(type), sqlc.arg(data) from organization_events;

-- name: EventPage :many
select seq, id, type, data, at from organization_events
 where seq > sqlc.arg(after) and (sqlc.arg(type)::text = '' or type = sqlc.arg(type)::text) order by seq limit sqlc.arg(most);

-- name: EventsLock :exec
select pg_advisory_xact_lock(hashtextextended('events/' || app.org()::text, 0));
