-- The holder is in the where clause of each change: a request that lost its lease
-- changes nothing of the one that took it.

-- name: KeyAbandon :exec
update idempotency_keys set busy_until = now() - interval '1 second' where principal = sqlc.arg(principal) and key_hash = sqlc.arg(key_hash) and holder = sqlc.arg(holder);

-- name: KeyFinish :exec
update idempotency_keys set status = sqlc.arg(status)::smallint where principal = sqlc.arg(principal) and key_hash = sqlc.arg(key_hash) and holder = sqlc.arg(holder);

-- name: KeyID :exec
update idempotency_keys set new_id = sqlc.arg(new_id) where principal = sqlc.arg(principal) and key_hash = sqlc.arg(key_hash) and holder = sqlc.arg(holder);

-- name: KeyInsert :one
insert into idempotency_keys (organization_id, principal, key_hash, fingerprint, new_id, holder, busy_until, expires_at)
values (app.org(), sqlc.arg(principal), sqlc.arg(key_hash), sqlc.arg(fingerprint), sqlc.arg(new_id), sqlc.arg(holder),
        now() + sqlc.arg(lease)::interval, now() + sqlc.arg(retention)::interval)
on conflict (organization_id, principal, key_hash) do update set fingerprint = excluded.fingerprint, new_id = excluded.new_id,
    holder = excluded.holder, busy_until = excluded.busy_until, status = null, created_at = now(), expires_at = excluded.expires_at
    where idempotency_keys.expires_at < now()
returning new_id, holder, status, created_at;

-- name: KeyLock :one
select (fingerprint = sqlc.arg(fingerprint))::boolean as same, (status is null and busy_until > now())::boolean as busy
  from idempotency_keys where principal = sqlc.arg(principal) and key_hash = sqlc.arg(key_hash) for update;

-- name: KeyRelease :exec
delete from idempotency_keys where principal = sqlc.arg(principal) and key_hash = sqlc.arg(key_hash) and holder = sqlc.arg(holder);

-- name: KeyRenew :exec
update idempotency_keys set busy_until = now() + sqlc.arg(lease)::interval where principal = sqlc.arg(principal) and key_hash = sqlc.arg(key_hash) and holder = sqlc.arg(holder);

-- name: KeyTake :one
update idempotency_keys set holder = sqlc.arg(holder), busy_until = now() + sqlc.arg(lease)::interval
 where principal = sqlc.arg(principal) and key_hash = sqlc.arg(key_hash)
returning new_id, holder, status, created_at;

-- name: KeysForget :execrows
delete from idempotency_keys where created_at < sqlc.arg(before)::timestamptz;

-- name: KeysDeleteExpired :exec
delete from idempotency_keys where expires_at < now();
