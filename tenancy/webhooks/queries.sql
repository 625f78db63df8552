-- name: AttemptInsert :exec
insert into webhook_attempts (organization_id, delivery_id, number, at, took_ms, status, code, request_body, response_body)
values (app.org(), $1, $2, sqlc.arg(moment)::timestamptz, $3, $4, $5, $6, $7);

-- name: AttemptList :many
select number, at, took_ms, status, code, request_body, response_body from webhook_attempts where delivery_id = $1 order by number desc limit 100;

-- Those that are due, one of each lane, and of a lane always the first: an event that
-- fails holds back the later ones of its lane and no others. The subquery cannot become
-- a join, which would compare all that waits with all that waits.

-- name: DeliveryDue :many
with due as materialized (
    select d.id, d.event_id, d.lane, d.type, d.attempts, d.round, d.first_at, d.next_at, d.seq from webhook_deliveries d
     where d.webhook_id = $1 and d.state = 'pending' and d.next_at <= sqlc.arg(moment)::timestamptz and d.lane <> all (sqlc.arg(busy)::uuid[])
       and d.id = (select f.id from webhook_deliveries f where f.webhook_id = d.webhook_id and f.lane = d.lane and f.state = 'pending' order by f.seq limit 1)
     order by d.next_at, d.seq limit sqlc.arg(most))
select d.id, d.event_id, d.lane, d.type, d.attempts, d.round, d.first_at, e.data, e.at
  from due d join organization_events e on e.id = d.event_id order by d.next_at, d.seq;

-- name: DeliveryEnd :execrows
update webhook_deliveries set state = sqlc.arg(state)::text, code = $2, attempts = attempts + 1, round = round + 1,
    first_at = coalesce(first_at, sqlc.arg(moment)::timestamptz), next_at = sqlc.arg(next_at)::timestamptz,
    ended_at = case when sqlc.arg(state)::text <> 'pending' then sqlc.arg(moment)::timestamptz end
 where id = $1 and state = 'pending';

-- name: DeliveryGet :one
select id, event_id, seq, type, state, code, attempts, next_at, ended_at, created_at from webhook_deliveries where webhook_id = $1 and id = $2;

-- name: DeliveryNext :one
select d.next_at from webhook_deliveries d where d.webhook_id = $1 and d.state = 'pending'
   and d.id = (select f.id from webhook_deliveries f where f.webhook_id = d.webhook_id and f.lane = d.lane and f.state = 'pending' order by f.seq limit 1)
 order by d.next_at, d.seq limit 1;

-- name: DeliveryPage :many
select id, event_id, seq, type, state, code, attempts, next_at, ended_at, created_at from webhook_deliveries
 where webhook_id = $1 and (sqlc.arg(state)::text = '' or state = sqlc.arg(state)::text)
   and (sqlc.narg(before)::bigint is null or seq < sqlc.narg(before)::bigint)
 order by seq desc limit sqlc.arg(most);

-- name: DeliveryReplay :execrows
update webhook_deliveries set state = 'pending', ended_at = null, round = 0, first_at = null, next_at = sqlc.arg(moment)::timestamptz, code = ''
 where webhook_id = $1 and id = $2 and state <> 'pending';

-- name: DeliveriesDelete :execrows
delete from webhook_deliveries where id in (
    select d.id from webhook_deliveries d where d.created_at < sqlc.arg(before)::timestamptz and d.state <> 'pending' order by d.created_at limit sqlc.arg(most));

-- Everything that waits is due: the receiver has answered again.

-- name: DeliveriesDue :exec
update webhook_deliveries set next_at = sqlc.arg(moment)::timestamptz where webhook_id = $1 and state = 'pending' and next_at > sqlc.arg(moment)::timestamptz;

-- name: DeliveriesFail :exec
update webhook_deliveries set state = 'failed', code = 'webhook_disabled', ended_at = sqlc.arg(moment)::timestamptz where webhook_id = $1 and state = 'pending';

-- The lane is the file that an event is about, or another noun, or the event itself.
-- A test goes to its webhook alone.

-- name: DeliveriesInsert :execrows
insert into webhook_deliveries (organization_id, id, webhook_id, event_id, seq, lane, type, next_at)
select app.org(), gen_random_uuid(), w.id, e.id, e.seq,
       coalesce(e.data ->> 'file_id', e.data ->> 'folder_id', e.data ->> 'share_id', e.data ->> 'class_id', e.data ->> 'space_id', e.data ->> 'user_id', e.data ->> 'import_id', e.id::text)::uuid,
       e.type, sqlc.arg(moment)::timestamptz
  from organization_events e, webhooks w
 where w.id = sqlc.arg(webhook_id) and e.seq > sqlc.arg(after)::bigint and e.seq <= sqlc.arg(until)::bigint
   and case when e.type = 'webhook.test' then e.data ->> 'webhook_id' = w.id::text
            else w.types = '{}' or exists (select from unnest(w.types) t where t = e.type or t like '%.*' and starts_with(e.type, left(t, -1))) end
 order by e.seq
on conflict (organization_id, webhook_id, event_id) do nothing;

-- name: DeliveriesReplay :execrows
update webhook_deliveries d set state = 'pending', ended_at = null, round = 0, first_at = null, next_at = sqlc.arg(moment)::timestamptz, code = ''
  from organization_events e
 where d.webhook_id = $1 and e.id = d.event_id and d.state <> 'pending' and (sqlc.arg(everything)::boolean or d.state = 'failed')
   and e.at >= sqlc.arg(since)::timestamptz and e.at < sqlc.arg(until)::timestamptz;

-- name: FileThere :one
select exists (select from files where id = $1);

-- name: EventSpan :one
select coalesce(min(seq), 1)::bigint as first, coalesce(max(seq), 0)::bigint as last from organization_events
 where at >= sqlc.arg(since)::timestamptz and at < sqlc.arg(until)::timestamptz and seq is not null;

-- name: EventUntil :one
select coalesce(max(seq), sqlc.arg(after)::bigint)::bigint from (
    select seq from organization_events where seq > sqlc.arg(after)::bigint order by seq limit sqlc.arg(most)) e;

-- name: SecretExpire :exec
update webhook_secrets set expires_at = least(coalesce(expires_at, 'infinity'), sqlc.arg(expires_at)::timestamptz)
 where webhook_id = $1 and kind = $2 and id <> sqlc.arg(keep);

-- name: SecretInsert :exec
insert into webhook_secrets (organization_id, id, webhook_id, kind, sealed, public_key) values (app.org(), $1, $2, $3, $4, $5);

-- name: SecretList :many
select id, webhook_id, kind, sealed, public_key, created_at, expires_at from webhook_secrets
 where webhook_id = any (sqlc.arg(webhooks)::uuid[]) and (expires_at is null or expires_at > sqlc.arg(moment)::timestamptz) order by created_at desc, id desc;

-- name: SecretMade :one
select exists (select from webhook_secrets where id = $1);

-- name: SecretsDelete :exec
delete from webhook_secrets where expires_at < sqlc.arg(before)::timestamptz;

-- name: WebhookActive :many
select id from webhooks where state = 'active' order by id;

-- name: WebhookChange :execrows
update webhooks set url = $2, description = $3, types = $4, updated_at = now() where id = $1;

-- name: WebhookCount :one
select count(*) from webhooks;

-- name: WebhookDelete :execrows
delete from webhooks where id = $1;

-- name: WebhookDisable :execrows
update webhooks w set state = 'disabled', disabled_code = sqlc.arg(code)::text, disabled_at = sqlc.arg(moment)::timestamptz, updated_at = now(), turn = null,
    mail = case when sqlc.arg(code)::text <> 'person' and o.contact_email <> '' then 'queued' else w.mail end
  from organizations o where w.id = sqlc.arg(id)::uuid and w.state = 'active' and o.id = w.organization_id;

-- name: WebhookEnable :execrows
update webhooks set state = 'active', disabled_code = '', disabled_at = null, failing_since = null, failures = 0, open_at = null,
    position = sqlc.arg(position), mail = 'none', updated_at = now()
 where id = $1 and state = 'disabled';

-- name: WebhookFailed :execrows
update webhooks set failures = failures + 1, failing_since = coalesce(failing_since, sqlc.arg(moment)::timestamptz),
    open_at = case when failures + 1 >= sqlc.arg(down)::integer then sqlc.arg(open_at)::timestamptz else open_at end
 where id = $1 and turn = sqlc.arg(turn)::uuid;

-- name: WebhookGet :one
select id, url, description, types, state, disabled_code, disabled_at, position, failing_since, failures, open_at, mail, created_by, created_at, updated_at
  from webhooks where id = $1;

-- name: WebhookHealth :one
select failures, open_at from webhooks where id = $1 and turn = sqlc.arg(turn)::uuid;

-- name: WebhookInsert :exec
insert into webhooks (organization_id, id, url, description, types, position, created_by) values (app.org(), $1, $2, $3, $4, $5, $6);

-- name: WebhookLock :exec
select pg_advisory_xact_lock(hashtextextended('webhooks/' || app.org()::text, 0));

-- name: WebhookMailed :execrows
update webhooks set mail = sqlc.arg(mail)::text where id = $1 and mail = 'queued';

-- name: WebhookPage :many
select id, url, description, types, state, disabled_code, disabled_at, position, failing_since, failures, open_at, mail, created_by, created_at, updated_at
  from webhooks where id > sqlc.arg(behind) order by id limit sqlc.arg(most);

-- name: WebhookPosition :execrows
update webhooks set position = sqlc.arg(position) where id = $1 and turn = sqlc.arg(turn)::uuid;

-- name: WebhookSucceeded :one
with before as (select w.failures, w.open_at from webhooks w where w.id = $1 and w.turn = sqlc.arg(turn)::uuid for update)
update webhooks w set failures = 0, failing_since = null, open_at = null from before b where w.id = $1
returning (b.open_at is not null)::boolean as was_down;

-- name: WebhookTurn :execrows
update webhooks set turn = sqlc.arg(turn)::uuid where id = $1 and state = 'active';
