-- Names are noun first, so that they sort by what they touch. Row-level security decides
-- which shares an actor reaches. A time without a limit is Go's zero time, since Go has
-- no infinite one. The hashes of tokens and passwords are written and never read here.

-- name: AccessPage :many
select a.id, a.recipient_id, a.file_id, a.what, a.outcome, a.code, a.at from share_accesses a
 where a.share_id = sqlc.arg(share_id) and (sqlc.arg(before)::uuid = '00000000-0000-0000-0000-000000000000' or a.id < sqlc.arg(before)::uuid)
 order by a.id desc limit sqlc.arg(most);

-- What is shared, as the actor sees it: no row for what they do not see.

-- name: TargetOfFile :one
select (f.trashed_at is not null)::boolean as trashed, (f.current_id is null and f.status not in ('uploading', 'processing'))::boolean as refused,
       app.may_share(sqlc.arg(kind)::text, f.id, null, null)::boolean as allowed from files f where f.id = sqlc.arg(id);

-- name: TargetOfFolder :one
select app.may_share(sqlc.arg(kind)::text, null, d.id, null)::boolean as allowed from folders d where d.id = sqlc.arg(id);

-- name: TargetOfSpace :one
select s.kind as space_kind, app.may_share(sqlc.arg(kind)::text, null, null, s.id)::boolean as allowed from spaces s where s.id = sqlc.arg(id);

-- name: VersionOfFile :one
select v.id from file_versions v where v.file_id = sqlc.arg(file_id) and v.number = sqlc.arg(number) and v.status = 'published';

-- name: Now :one
select now()::timestamptz;

-- name: RecipientEnd :execrows
update share_recipients set ended_at = now(), email = null, updated_at = now() where share_id = sqlc.arg(share_id) and id = sqlc.arg(id) and ended_at is null;

-- name: RecipientGet :one
select id, user_id, class_id, email, outside, name, verified_at, delivery, delivery_code, sent_at, ended_at, created_at
  from share_recipients where share_id = sqlc.arg(share_id) and id = sqlc.arg(id);

-- A recipient that the actor does not reach is not inserted; one that the share has
-- already stays as it is.

-- name: RecipientInsert :execrows
insert into share_recipients (organization_id, share_id, id, user_id, class_id, email, outside, name)
select app.org(), sqlc.arg(share_id)::uuid, sqlc.arg(id)::uuid, sqlc.narg(user_id)::uuid, sqlc.narg(class_id)::uuid, sqlc.narg(email)::text, sqlc.narg(email)::text is not null, sqlc.arg(name)::text
 where sqlc.narg(email)::text is not null or app.share_reaches(sqlc.narg(user_id)::uuid, sqlc.narg(class_id)::uuid)
    on conflict do nothing;

-- name: RecipientCount :one
select count(*) from share_recipients where share_id = $1 and ended_at is null;

-- name: RecipientList :many
select id, user_id, class_id, email, outside, name, verified_at, delivery, delivery_code, sent_at, ended_at, created_at
  from share_recipients where share_id = $1 order by id limit 1000;

-- name: RecipientQueue :execrows
update share_recipients set delivery = 'queued', delivery_code = '', updated_at = now()
 where share_id = sqlc.arg(share_id) and id = sqlc.arg(id) and outside and ended_at is null
   and (delivery <> 'sent' or sent_at is null or sent_at < now() - interval '1 minute');

-- name: ShareEnd :execrows
update shares set ended_at = now(), ended_reason = 'revoked', ended_by = app.actor(), updated_at = now() where id = $1 and ended_at is null;

-- name: ShareGet :one
select id, kind, permission, file_id, folder_id, space_id, version_id, label, has_password, starts_at, coalesce(nullif(expires_at, 'infinity'), '0001-01-01Z')::timestamptz as expires_at,
       max_downloads, downloads, max_files, max_bytes, accepted, dropped_files, dropped_bytes, app.share_status(organization_id, id)::text as status,
       ended_at, ended_by, created_by, created_at, updated_at
  from shares where id = $1;

-- name: ShareBasis :one
select disclosure_basis, disclosure_consent, app.share_parties(organization_id, id)::text[] as parties from shares where id = $1;

-- name: ShareInsert :execrows
insert into shares (organization_id, id, kind, permission, file_id, folder_id, space_id, version_id, label, token_hash, password_hash, starts_at, expires_at,
                    max_downloads, max_files, max_bytes, accepted, disclosure_basis, disclosure_interest, disclosure_consent, created_by)
select app.org(), sqlc.arg(id)::uuid, sqlc.arg(kind)::text, sqlc.arg(permission)::text, sqlc.narg(file_id)::uuid, sqlc.narg(folder_id)::uuid, sqlc.narg(space_id)::uuid,
       sqlc.narg(version_id)::uuid, sqlc.arg(label)::text, sqlc.narg(token_hash)::bytea, sqlc.narg(password_hash)::text, coalesce(sqlc.narg(starts_at)::timestamptz, now()),
       coalesce(sqlc.narg(expires_at)::timestamptz, 'infinity'), sqlc.narg(max_downloads)::integer, sqlc.narg(max_files)::integer, sqlc.narg(max_bytes)::bigint,
       sqlc.arg(accepted)::text[], sqlc.arg(basis)::text, sqlc.arg(interest)::text, sqlc.narg(consent)::uuid, app.actor()
 where not exists (select from shares where id = sqlc.arg(id)::uuid);

-- name: ShareLock :one
select id from shares where id = $1 for update;

-- name: ShareGiven :many
select id, kind, permission, file_id, folder_id, space_id, version_id, label, has_password, starts_at, coalesce(nullif(expires_at, 'infinity'), '0001-01-01Z')::timestamptz as expires_at,
       max_downloads, downloads, max_files, max_bytes, accepted, dropped_files, dropped_bytes, app.share_status(organization_id, id)::text as status,
       ended_at, ended_by, created_by, created_at, updated_at
  from shares where created_by = app.actor() and (sqlc.arg(before)::uuid = '00000000-0000-0000-0000-000000000000' or id < sqlc.arg(before)::uuid)
 order by id desc limit sqlc.arg(most);

-- Those with people outside, for who administers the organization.

-- name: ShareOutside :many
select id, kind, permission, file_id, folder_id, space_id, version_id, label, has_password, starts_at, coalesce(nullif(expires_at, 'infinity'), '0001-01-01Z')::timestamptz as expires_at,
       max_downloads, downloads, max_files, max_bytes, accepted, dropped_files, dropped_bytes, app.share_status(organization_id, id)::text as status,
       ended_at, ended_by, created_by, created_at, updated_at
  from shares where (select app.is_admin()) and kind in ('link', 'people') and ended_at is null
   and (sqlc.arg(before)::uuid = '00000000-0000-0000-0000-000000000000' or id < sqlc.arg(before)::uuid)
 order by id desc limit sqlc.arg(most);

-- What the actor has by a share now: neither one that has ended nor one that is not open
-- yet.

-- name: ShareReceived :many
select id, kind, permission, file_id, folder_id, space_id, version_id, label, has_password, starts_at, coalesce(nullif(expires_at, 'infinity'), '0001-01-01Z')::timestamptz as expires_at,
       max_downloads, downloads, max_files, max_bytes, accepted, dropped_files, dropped_bytes, app.share_status(organization_id, id)::text as status,
       ended_at, ended_by, created_by, created_at, updated_at
  from shares where id in (select r.share_id from app.received_shares r) and created_by <> app.actor() and ended_at is null and starts_at <= now() and expires_at > now()
   and (sqlc.arg(before)::uuid = '00000000-0000-0000-0000-000000000000' or id < sqlc.arg(before)::uuid)
 order by id desc limit sqlc.arg(most);

-- name: ShareOf :many
select id, kind, permission, file_id, folder_id, space_id, version_id, label, has_password, starts_at, coalesce(nullif(expires_at, 'infinity'), '0001-01-01Z')::timestamptz as expires_at,
       max_downloads, downloads, max_files, max_bytes, accepted, dropped_files, dropped_bytes, app.share_status(organization_id, id)::text as status,
       ended_at, ended_by, created_by, created_at, updated_at
  from shares
 where (file_id = sqlc.narg(file_id)::uuid or folder_id = sqlc.narg(folder_id)::uuid or space_id = sqlc.narg(space_id)::uuid)
   and (sqlc.arg(before)::uuid = '00000000-0000-0000-0000-000000000000' or id < sqlc.arg(before)::uuid)
 order by id desc limit sqlc.arg(most);

-- A statement of its own: the other one would read the hash, which no person may.

-- name: SharePasswordSet :execrows
update shares set password_hash = sqlc.narg(password_hash)::text, updated_at = now() where id = sqlc.arg(id) and ended_at is null;

-- name: ShareUpdate :execrows
update shares set
    permission = coalesce(sqlc.narg(permission)::text, permission), label = coalesce(sqlc.narg(label)::text, label),
    version_id = case when sqlc.arg(sets_version)::boolean then sqlc.narg(version_id)::uuid else version_id end,
    starts_at = coalesce(sqlc.narg(starts_at)::timestamptz, starts_at),
    expires_at = case when sqlc.arg(sets_expires_at)::boolean then coalesce(sqlc.narg(expires_at)::timestamptz, 'infinity') else expires_at end,
    max_downloads = case when sqlc.arg(sets_max_downloads)::boolean then sqlc.narg(max_downloads)::integer else max_downloads end,
    max_files = case when sqlc.arg(sets_max_files)::boolean then sqlc.narg(max_files)::integer else max_files end,
    max_bytes = case when sqlc.arg(sets_max_bytes)::boolean then sqlc.narg(max_bytes)::bigint else max_bytes end,
    accepted = coalesce(sqlc.narg(accepted)::text[], accepted),
    disclosure_consent = case when '' in (disclosure_basis, disclosure_interest) then sqlc.narg(consent)::uuid else disclosure_consent end,
    disclosure_basis = case when '' in (disclosure_basis, disclosure_interest) then sqlc.arg(basis)::text else disclosure_basis end,
    disclosure_interest = case when '' in (disclosure_basis, disclosure_interest) then sqlc.arg(interest)::text else disclosure_interest end, updated_at = now()
 where id = sqlc.arg(id) and ended_at is null;

-- Why something is shared by no person, where it is that; empty where it is the actor's rights.

-- name: WhyNot :one
select (case when coalesce(d.mode, '') = 'handin' or f.needs > 1 then 'hand_in' when s.kind = 'confidential' then 'confidential' else '' end)::text
  from (values (1)) one
  left join files f on f.id = sqlc.narg(file_id)::uuid
  left join folders d on d.id = sqlc.narg(folder_id)::uuid
  left join spaces s on s.id = coalesce(f.space_id, d.space_id, sqlc.narg(space_id)::uuid);

-- What the platform does: mails to people outside, and the end that time brings.

-- Of a mail the sharer's name and the organization's; no row when there is nothing to
-- send any more.

-- name: MailBegin :one
update share_recipients r set token_hash = sqlc.arg(token_hash), attempts = r.attempts + 1, started_at = coalesce(r.started_at, now()), updated_at = now()
  from shares s
 where r.share_id = sqlc.arg(share_id) and r.id = sqlc.arg(id) and s.organization_id = r.organization_id and s.id = r.share_id
   and r.outside and r.ended_at is null and s.ended_at is null and s.expires_at > now()
returning r.email, r.name, s.permission, coalesce(nullif(s.expires_at, 'infinity'), '0001-01-01Z')::timestamptz as expires_at,
          coalesce((select p.display_name from people p where p.organization_id = s.organization_id and p.user_id = s.created_by), '')::text as sharer;

-- name: MailEnd :execrows
update share_recipients set delivery = sqlc.arg(delivery)::text, delivery_code = sqlc.arg(delivery_code), updated_at = now(),
    sent_at = case when sqlc.arg(delivery)::text = 'sent' then now() else sent_at end
 where share_id = sqlc.arg(share_id) and id = sqlc.arg(id) and token_hash = sqlc.arg(token_hash) and ended_at is null;

-- name: MailStarted :exec
update share_recipients set started_at = coalesce(started_at, now()), updated_at = now() where share_id = sqlc.arg(share_id) and id = sqlc.arg(id) and ended_at is null;

-- name: ShareExpire :execrows
update shares set ended_at = now(), ended_reason = 'expired', updated_at = now() where id = $1 and ended_at is null and expires_at <= now();

-- name: AccessesForget :one
select app.share_accesses_forget(app.org(), sqlc.arg(most)::integer)::bigint;
