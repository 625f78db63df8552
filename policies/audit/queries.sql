-- name: EventInsert :exec
insert into audit_events (organization_id, event) values (app.org(), sqlc.arg(event));

-- An event with a while is left out where the same actor has one of the same object and code
-- from less than that ago: of the months from since to until, so that one or two are asked. The order is that of the chain.

-- name: EventsInsert :exec
insert into audit_events (organization_id, event)
select app.org(), e.event
  from unnest(sqlc.arg(events)::text[], sqlc.arg(objects)::text[], sqlc.arg(whiles)::interval[]) with ordinality e(event, object_id, while, n)
 where e.while = '0' or not exists (
    select from audit_events k
     where k.organization_id = (select app.org()) and k.month >= date_trunc('month', sqlc.arg(since)::timestamptz at time zone 'UTC')::date
       and k.month <= date_trunc('month', sqlc.arg(until)::timestamptz at time zone 'UTC')::date and k.object_id = e.object_id and k.action = e.event::jsonb ->> 'action' and k.actor = e.event::jsonb ->> 'actor'
       and k.result = 'done' and k.at > now() - e.while and k.event::jsonb ->> 'code' = e.event::jsonb ->> 'code')
 order by e.n;

-- name: EventPage :many
select seq, event, hash, at, action, actor, object, object_id, result from audit_events
 where seq > sqlc.arg(after) and seq <= sqlc.arg(through) order by seq limit sqlc.arg(most);

-- Sequence numbers begin at 1, so 0 is none. A month is that of the database's clock when the event
-- was written, at its own of the program's: a day is between them at most. What was there before
-- the months has none.

-- name: EventSpan :one
select coalesce(min(seq), 0)::bigint as first, coalesce(max(seq), 0)::bigint as last from audit_events
 where (sqlc.narg(since)::timestamptz is null or at >= sqlc.narg(since)) and (sqlc.narg(until)::timestamptz is null or at < sqlc.narg(until))
   and (sqlc.narg(since)::timestamptz is null or month = '-infinity' or month >= date_trunc('month', sqlc.narg(since)::timestamptz at time zone 'UTC' - interval '1 day')::date)
   and (sqlc.narg(until)::timestamptz is null or month = '-infinity' or month <= date_trunc('month', sqlc.narg(until)::timestamptz at time zone 'UTC' + interval '1 day')::date);

-- name: HeadGet :one
select seq, hash from audit_heads;
