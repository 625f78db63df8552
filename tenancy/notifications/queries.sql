-- name: AddressAdd :exec
insert into mail_addresses (organization_id, id, user_id, address) values (app.org(), $1, $2, $3);

-- name: AddressCode :one
update mail_addresses set code_hash = sqlc.arg(code_hash)::bytea, code_expires_at = sqlc.arg(expires_at)::timestamptz, attempts = 0
 where id = $1 and verified_at is null returning address;

-- name: AddressConfirm :execrows
update mail_addresses set verified_at = sqlc.arg(moment)::timestamptz, code_hash = null, code_expires_at = null where id = $1 and verified_at is null;

-- name: AddressDelete :execrows
delete from mail_addresses where user_id = $1 and (sqlc.arg(id)::uuid = '00000000-0000-0000-0000-000000000000' or id = sqlc.arg(id)::uuid);

-- name: AddressDropVerified :exec
delete from mail_addresses where user_id = $1 and verified_at is not null;

-- name: AddressDropPending :exec
delete from mail_addresses where user_id = $1 and verified_at is null;

-- name: AddressList :many
select id, address, verified_at, created_at, coalesce(code_expires_at, 'epoch')::timestamptz as code_expires_at from mail_addresses where user_id = $1 order by verified_at nulls last;

-- name: AddressPending :one
select id, address, code_hash, code_expires_at, attempts from mail_addresses where user_id = $1 and verified_at is null for update;

-- name: AddressWrong :exec
update mail_addresses set attempts = attempts + 1 where id = $1;

-- name: MailClosed :one
select coalesce(bool_or(m.role = 'student' and not coalesce(p.mail_students, false)), false)::boolean as closed
  from members m left join organization_policies p on p.organization_id = m.organization_id where m.user_id = $1 and not m.service;

-- How many codes were asked for lately.

-- name: CodesAsked :one
select count(*)::bigint from notification_mails where user_id = $1 and kind = 'address.confirm' and created_at > sqlc.arg(since)::timestamptz;

-- name: InboxPage :many
select id, kind, data, created_at, read_at from notifications
 where not hidden and (sqlc.arg(before)::uuid = '00000000-0000-0000-0000-000000000000' or id < sqlc.arg(before)::uuid)
   and (not sqlc.arg(unread)::boolean or read_at is null)
 order by id desc limit sqlc.arg(most);

-- name: InboxRead :execrows
update notifications set read_at = coalesce(read_at, now()) where id = $1 and not hidden;

-- name: InboxReadAll :execrows
update notifications set read_at = now() where read_at is null and not hidden;

-- name: InboxPut :exec
insert into notifications (organization_id, id, user_id, kind, data) values (app.org(), $1, $2, $3, $4);

-- Owners and admins, who see to what is no person's.

-- name: InboxPutManagers :exec
insert into notifications (organization_id, id, user_id, kind, data)
select app.org(), app.new_id(), m.user_id, sqlc.arg(kind)::text, sqlc.arg(data)::jsonb from members m where m.role in ('owner', 'admin') and not m.service;

-- What the decision about each waiting notification needs, the oldest first.

-- name: OutboxTake :many
select n.id, n.user_id, n.kind, coalesce(m.role, '')::text as role,
       exists (select from mail_addresses a where a.organization_id = n.organization_id and a.user_id = n.user_id and a.verified_at is not null) as reachable,
       coalesce((select p.cadence from notification_preferences p where p.organization_id = n.organization_id and p.user_id = n.user_id and p.channel = 'mail' and p.kind in (n.kind, '*') order by p.kind desc limit 1), '')::text as mail,
       coalesce((select p.cadence from notification_preferences p where p.organization_id = n.organization_id and p.user_id = n.user_id and p.channel = 'inbox' and p.kind in (n.kind, '*') order by p.kind desc limit 1), '')::text as inbox,
       coalesce(nullif(s.time_zone, ''), p.time_zone, 'UTC')::text as time_zone, s.quiet_from, s.quiet_until, coalesce(s.digest_hour, 7)::integer as digest_hour
  from notifications n
  left join members m on m.organization_id = n.organization_id and m.user_id = n.user_id and not m.service
  left join notification_settings s on s.organization_id = n.organization_id and s.user_id = n.user_id
  left join organization_policies p on p.organization_id = n.organization_id
 where n.dispatched_at is null order by n.created_at limit sqlc.arg(most) for update of n skip locked;

-- name: OutboxDone :exec
update notifications n set dispatched_at = sqlc.arg(moment)::timestamptz, mail_id = nullif(d.mail, '00000000-0000-0000-0000-000000000000'), mail_code = d.code, hidden = d.hidden
  from (select unnest(sqlc.arg(ids)::uuid[]) as id, unnest(sqlc.arg(mails)::uuid[]) as mail, unnest(sqlc.arg(codes)::text[]) as code, unnest(sqlc.arg(hidden)::boolean[]) as hidden) d
 where n.id = d.id and n.dispatched_at is null;

-- name: MailPut :exec
insert into notification_mails (organization_id, id, user_id, kind, address_id, next_at) values (app.org(), $1, $2, $3, sqlc.narg(address_id), sqlc.arg(next_at)::timestamptz);

-- name: MailsPut :exec
insert into notification_mails (organization_id, id, user_id, kind, next_at)
select app.org(), unnest(sqlc.arg(ids)::uuid[]), unnest(sqlc.arg(users)::uuid[]), unnest(sqlc.arg(kinds)::text[]), unnest(sqlc.arg(next)::timestamptz[]);

-- The digest that is open takes more; without one there is a new one.

-- name: DigestOpen :one
insert into notification_mails (organization_id, id, user_id, kind, open, next_at) values (app.org(), $1, $2, $3, true, sqlc.arg(next_at)::timestamptz)
on conflict (organization_id, user_id, kind) where open do update set open = true
returning id;

-- Takes mails that are due. One that is being sent and is due has lost its worker, and
-- the server may have taken it.

-- name: MailsTake :many
update notification_mails m set state = 'sending', code = '', open = false, attempts = attempts + 1,
       doubts = doubts + case when state = 'sending' then 1 else 0 end, next_at = sqlc.arg(lease)::timestamptz
 where m.id in (select d.id from notification_mails d where d.state in ('queued', 'sending') and d.next_at <= sqlc.arg(moment)::timestamptz order by d.next_at limit sqlc.arg(most) for update skip locked)
returning id, user_id, kind, address_id, attempts, doubts, created_at;

-- What no turn that lives has in hand is due: no one shares the lock of the organization's turns. It comes before what waits.

-- name: MailsFree :execrows
update notification_mails set next_at = least(created_at, sqlc.arg(moment)::timestamptz)
 where state = 'sending' and (select pg_try_advisory_xact_lock(hashtextextended(sqlc.arg(turns)::text, 0)));

-- name: MailFacts :many
select m.id, coalesce(a.address, '')::text as address, coalesce(w.role, '')::text as role, o.name as organization, o.contact_email as contact, o.status::text as status,
       coalesce(nullif(s.language, ''), p.mail_language, 'en')::text as language, coalesce(p.mail_students, false)::boolean as mail_students,
       coalesce((select c.cadence from notification_preferences c where c.organization_id = m.organization_id and c.user_id = m.user_id and c.channel = 'mail' and c.kind in (m.kind, '*') order by c.kind desc limit 1), '')::text as mail
  from notification_mails m
  join organizations o on o.id = m.organization_id
  left join organization_policies p on p.organization_id = m.organization_id
  left join members w on w.organization_id = m.organization_id and w.user_id = m.user_id and not w.service
  left join notification_settings s on s.organization_id = m.organization_id and s.user_id = m.user_id
  left join mail_addresses a on a.organization_id = m.organization_id and a.user_id = m.user_id
       and case when m.kind = 'address.confirm' then a.id = m.address_id and a.verified_at is null else a.verified_at is not null end
 where m.id = any (sqlc.arg(ids)::uuid[]);

-- What a mail tells, without the kinds that its person does not want any more.

-- name: MailContents :many
select n.mail_id::uuid as mail_id, n.kind, count(*)::integer as n,
       coalesce((select c.cadence from notification_preferences c where c.organization_id = n.organization_id and c.user_id = n.user_id and c.channel = 'mail' and c.kind in (n.kind, '*') order by c.kind desc limit 1), '')::text as mail
  from notifications n where n.mail_id = any (sqlc.arg(ids)::uuid[]) group by n.organization_id, n.user_id, n.mail_id, n.kind order by n.mail_id, n.kind;

-- name: MailEnd :execrows
update notification_mails set state = sqlc.arg(state)::text, code = $2, address_hash = coalesce(sqlc.narg(address_hash)::bytea, address_hash),
       doubts = doubts + sqlc.arg(doubts)::integer, next_at = sqlc.arg(next_at)::timestamptz,
       ended_at = case when sqlc.arg(state)::text <> 'queued' then sqlc.arg(moment)::timestamptz end
 where id = $1 and state = 'sending' and attempts = sqlc.arg(attempt)::integer;

-- name: MailNext :one
select next_at from notification_mails where state in ('queued', 'sending') order by next_at limit 1;

-- name: MailOf :one
select id, user_id, kind, address_hash, bounce from notification_mails where id = $1 for update;

-- name: MailBounced :exec
update notification_mails set bounce = $2 where id = $1;

-- name: MailPage :many
select id, user_id, kind, state, code, attempts, doubts, bounce, next_at, created_at, ended_at from notification_mails
 where (sqlc.arg(before)::uuid = '00000000-0000-0000-0000-000000000000' or id < sqlc.arg(before)::uuid)
   and (sqlc.arg(state)::text = '' or state = sqlc.arg(state)::text)
 order by id desc limit sqlc.arg(most);

-- name: MailsDelete :execrows
delete from notification_mails where id in (
    select m.id from notification_mails m where m.created_at < sqlc.arg(before)::timestamptz and m.ended_at is not null order by m.created_at limit sqlc.arg(most));

-- name: OutboxDelete :execrows
delete from notifications where id in (
    select n.id from notifications n where n.created_at < sqlc.arg(before)::timestamptz and n.dispatched_at is not null order by n.created_at limit sqlc.arg(most));

-- name: AddressesDelete :execrows
delete from mail_addresses where id in (
    select a.id from mail_addresses a where a.verified_at is null and a.created_at < sqlc.arg(before)::timestamptz and coalesce(a.code_expires_at, a.created_at) < sqlc.arg(before)::timestamptz limit sqlc.arg(most));

-- name: PreferenceList :many
select kind, channel, cadence from notification_preferences where user_id = $1 order by kind, channel;

-- name: PreferencePut :exec
insert into notification_preferences (organization_id, user_id, kind, channel, cadence) values (app.org(), $1, $2, $3, $4)
on conflict (organization_id, user_id, kind, channel) do update set cadence = excluded.cadence, updated_at = now();

-- name: SettingsGet :one
select language, time_zone, quiet_from, quiet_until, digest_hour from notification_settings where user_id = $1;

-- name: SettingsPut :exec
insert into notification_settings (organization_id, user_id, language, time_zone, quiet_from, quiet_until, digest_hour) values (app.org(), $1, $2, $3, sqlc.narg(quiet_from), sqlc.narg(quiet_until), $4)
on conflict (organization_id, user_id) do update set language = excluded.language, time_zone = excluded.time_zone,
    quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, digest_hour = excluded.digest_hour, updated_at = now();

-- name: SuppressionCount :one
insert into mail_suppressions (organization_id, id, address_hash, reason, status, soft, soft_since) values (app.org(), $1, $2, 'bounced', $3, 1, sqlc.arg(moment)::timestamptz)
on conflict (organization_id, address_hash) do update set status = excluded.status, updated_at = now(),
    soft = case when mail_suppressions.soft_since > sqlc.arg(since)::timestamptz then mail_suppressions.soft + 1 else 1 end,
    soft_since = case when mail_suppressions.soft_since > sqlc.arg(since)::timestamptz then mail_suppressions.soft_since else sqlc.arg(moment)::timestamptz end,
    suppressed_at = coalesce(mail_suppressions.suppressed_at, case when mail_suppressions.soft_since > sqlc.arg(since)::timestamptz and mail_suppressions.soft + 1 >= sqlc.arg(most)::integer then sqlc.arg(moment)::timestamptz end)
returning (suppressed_at is not null)::boolean as suppressed;

-- name: SuppressionPut :exec
insert into mail_suppressions (organization_id, id, address_hash, reason, status, suppressed_at) values (app.org(), $1, $2, $3, $4, sqlc.arg(moment)::timestamptz)
on conflict (organization_id, address_hash) do update set status = excluded.status, updated_at = now(),
    reason = case when mail_suppressions.reason = 'complained' then 'complained' else excluded.reason end,
    suppressed_at = coalesce(mail_suppressions.suppressed_at, excluded.suppressed_at);

-- name: SuppressionsOf :many
select address_hash, reason from mail_suppressions where address_hash = any (sqlc.arg(hashes)::bytea[]) and suppressed_at is not null;

-- name: SuppressionBounced :one
select exists (select from mail_suppressions where address_hash = sqlc.arg(address_hash) and suppressed_at is not null and reason <> 'complained');

-- name: SuppressionPage :many
select id, reason, status, suppressed_at::timestamptz as suppressed_at from mail_suppressions
 where suppressed_at is not null and (sqlc.arg(before)::uuid = '00000000-0000-0000-0000-000000000000' or id < sqlc.arg(before)::uuid)
 order by id desc limit sqlc.arg(most);

-- name: SuppressionDelete :execrows
delete from mail_suppressions where id = $1;
