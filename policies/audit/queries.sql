-- name: EventInsert :exec
insert into audit_events (organization_id, event) values (app.org(), sqlc.arg(event));

-- name: EventsKnown :many
select object_id, (event::jsonb ->> 'code')::text as code from audit_events where object_id = any (sqlc.arg(object_ids)::text[]) and action = sqlc.arg(action) and actor = sqlc.arg(actor)
   and result = 'done' and at > now() - sqlc.arg(ago)::interval;

-- name: EventPage :many
select seq, event, hash, at, action, actor, object, object_id, result from audit_events
 where seq > sqlc.arg(after) and seq <= sqlc.arg(through) order by seq limit sqlc.arg(most);

-- Sequence numbers begin at 1, so 0 is none.

-- name: EventSpan :one
select coalesce(min(seq), 0)::bigint as first, coalesce(max(seq), 0)::bigint as last from audit_events
 where (sqlc.narg(since)::timestamptz is null or at >= sqlc.narg(since)) and (sqlc.narg(until)::timestamptz is null or at < sqlc.narg(until));

-- name: HeadGet :one
select seq, hash from audit_heads;
