-- name: EventExists :one
select exists (select from organization_events where id = $1);

-- name: EventInsert :exec
insert into organization_events (organization_id, id, type, data) values (app.org(), $1, $2, $3);

-- name: EventPage :many
select seq::bigint as seq, id, type, data, at from organization_events
 where seq > sqlc.arg(after)::bigint and (sqlc.arg(type)::text = '' or type = sqlc.arg(type)::text) order by seq limit sqlc.arg(most);

-- name: EventsDelete :execrows
delete from organization_events where n in (
    select e.n from organization_events e
     where e.at < sqlc.arg(before)::timestamptz and e.seq is not null
       and not exists (select from usage_warnings w where w.event_id = e.id)
       and not exists (select from webhook_deliveries d where d.event_id = e.id)
     order by e.n limit sqlc.arg(most));

-- name: EventsNotify :exec
select pg_notify('organization_events', app.org()::text);

-- name: EventsNumber :exec
select app.number_events();

-- name: EventLast :one
select coalesce(max(seq), 0)::bigint from organization_events;
