-- What visitors of shares meet. These run organization-wide: a visitor is no member. What
-- the share shows of files comes from app.share_version, which asks everything again.

-- What is the same as a row of its hour or minute says nothing new.

-- name: AccessInsert :exec
insert into share_accesses (organization_id, share_id, id, recipient_id, file_id, what, outcome, code, download_id, slot)
values (app.org(), sqlc.arg(share_id), sqlc.arg(id), sqlc.narg(recipient_id), sqlc.narg(file_id), sqlc.arg(what), sqlc.arg(outcome), sqlc.arg(code), sqlc.narg(download_id),
        date_trunc(sqlc.narg(slot)::text, now()))
    on conflict do nothing;

-- The files that leave in a zip, each once a download.

-- name: AccessInsertZipped :exec
insert into share_accesses (organization_id, share_id, id, recipient_id, file_id, what, outcome, download_id)
select app.org(), sqlc.arg(share_id)::uuid, app.new_id(), (select d.recipient_id from share_downloads d where d.share_id = sqlc.arg(share_id)::uuid and d.id = sqlc.arg(download_id)::uuid),
       f.id, 'zip', 'ok', sqlc.arg(download_id)::uuid
  from unnest(sqlc.arg(files)::uuid[]) f (id)
    on conflict do nothing;

-- What the student's side says about a record, which is disclosed with it (34 CFR 99.21(c)).

-- name: StatementsOf :many
select s.file_id, s.statement, s.at from record_statements s where s.file_id = any (sqlc.arg(files)::uuid[]) order by s.at, s.amendment_id;

-- name: Attempt :one
select coalesce(extract(epoch from app.share_attempt(app.org(), sqlc.arg(share_id)::uuid, sqlc.arg(address_hash)::bytea, sqlc.arg(free)::integer, sqlc.arg(longest)::interval)), 0)::float8 as seconds;

-- A good one takes nothing of what others of the address may.

-- name: AttemptForget :exec
delete from share_attempts where share_id = $1 and address_hash = $2;

-- name: AttemptReturn :exec
update share_attempts set failed = greatest(0, failed - 1), blocked_until = null where share_id = $1 and address_hash = $2;

-- name: CodeTake :one
update share_codes set attempts = attempts + 1
 where share_id = sqlc.arg(share_id) and recipient_id = sqlc.arg(recipient_id) and attempts < 5 and used_at is null and expires_at > now()
returning code_hash;

-- name: CodeUse :execrows
update share_codes set used_at = now() where share_id = sqlc.arg(share_id) and recipient_id = sqlc.arg(recipient_id) and code_hash = sqlc.arg(code_hash) and used_at is null;

-- name: DownloadBegin :one
select app.share_download_begin(app.org(), sqlc.arg(share_id)::uuid, sqlc.arg(download_id)::uuid, sqlc.narg(file_id)::uuid)::text;

-- For whom a download was issued; null: anyone who holds the link.

-- name: DownloadGet :one
select recipient_id, state from share_downloads where share_id = $1 and id = $2;

-- name: DownloadEnd :one
select app.share_download_end(app.org(), sqlc.arg(share_id)::uuid, sqlc.arg(download_id)::uuid, sqlc.arg(sent)::bigint)::text;

-- name: DownloadInsert :one
insert into share_downloads (organization_id, share_id, id, recipient_id, file_id, bytes_total)
values (app.org(), sqlc.arg(share_id), sqlc.arg(id), sqlc.narg(recipient_id), sqlc.narg(file_id), sqlc.narg(bytes_total)) returning expires_at;

-- name: DropInsert :one
select app.share_drop(app.org(), sqlc.arg(share_id)::uuid, sqlc.arg(version_id)::uuid, sqlc.arg(dropper)::uuid, sqlc.narg(recipient_id)::uuid, sqlc.arg(giver)::text)::text;

-- name: DropIs :one
select exists (select from share_drops d where d.share_id = $1 and d.version_id = $2 and d.dropper = $3);

-- name: DropLock :exec
select app.share_drop_lock(app.org(), sqlc.arg(share_id)::uuid);

-- The newest are shown: a visitor who drops thousands does not read them all.

-- name: DropPage :many
select d.version_id, d.file_id, d.giver, d.created_at, f.name, v.size, v.status::text as status, v.status_reason, v.found_kind, v.expected_kind
  from share_drops d
  join file_versions v on v.organization_id = d.organization_id and v.id = d.version_id
  join files f on f.organization_id = v.organization_id and f.id = v.file_id
 where d.share_id = sqlc.arg(share_id) and d.dropper = sqlc.arg(dropper) order by d.version_id desc limit sqlc.arg(most);

-- name: EntryFiles :many
select f.id, f.name, f.name_folded from files f
 where f.space_id = sqlc.arg(space_id) and f.folder_id is not distinct from sqlc.narg(folder_id)::uuid and f.trashed_at is null and f.needs <= 1
   and (f.name_folded, f.id) > (sqlc.arg(after_name)::text, sqlc.arg(after_id)::uuid)
 order by f.name_folded, f.id limit sqlc.arg(most);

-- name: EntryFolders :many
select d.id, d.name from folders d
 where d.space_id = sqlc.arg(space_id) and d.parent_id is not distinct from sqlc.narg(parent_id)::uuid and d.mode <> 'handin' and (d.opens_at is null or d.opens_at <= now())
 order by lower(d.name), d.id limit 500;

-- name: FolderTrail :many
select a.id, a.name, a.space_id from folder_paths p join folders a on a.organization_id = p.organization_id and a.id = p.ancestor_id
 where p.folder_id = $1 order by p.depth desc;

-- name: ProvenSet :exec
update share_recipients set verified_at = coalesce(verified_at, now()), updated_at = now() where share_id = $1 and id = $2 and ended_at is null;

-- name: RenditionGet :one
select r.name, r.mime_type, r.size, r.etag from renditions r where r.version_id = $1 and r.name = $2;

-- name: RenditionNames :many
select r.version_id, r.name, r.width from renditions r where r.version_id = any (sqlc.arg(versions)::uuid[]) and not r.on_demand order by r.version_id, r.width;

-- A time without a limit is Go's zero time, since Go has no infinite one.

-- name: ShareGet :one
select s.kind, s.permission, s.file_id, s.folder_id, s.space_id, coalesce(s.password_hash, '') as password_hash, s.starts_at,
       coalesce(nullif(s.expires_at, 'infinity'), '0001-01-01Z')::timestamptz as expires_at, s.max_downloads, s.downloads, s.max_files, s.max_bytes, s.accepted,
       s.dropped_files, s.dropped_bytes, s.created_by, coalesce(p.display_name, '') as shared_by, o.name as organization, coalesce(m.role, '') as role,
       coalesce(f.name, d.name, t.name, '') as name, coalesce(d.space_id, s.space_id, '00000000-0000-0000-0000-000000000000')::uuid as place_id, app.share_status(app.org(), s.id)::text as status
  from shares s
  join organizations o on o.id = s.organization_id
  left join people p on p.organization_id = s.organization_id and p.user_id = s.created_by
  left join members m on m.organization_id = s.organization_id and m.user_id = s.created_by
  left join files f on f.organization_id = s.organization_id and f.id = s.file_id
  left join folders d on d.organization_id = s.organization_id and d.id = s.folder_id
  left join spaces t on t.organization_id = s.organization_id and t.id = s.space_id
 where s.id = $1;

-- There is a row also when the share does not show the file: its status goes first. What app.share_version
-- gives of the share's own file may be disclosed.

-- name: Version :one
select v.file_id, v.version_id, v.name, v.state, v.mime_type, v.size, v.sha256, v.object_etag, v.published_at, v.pages, v.original,
       app.share_standing(app.org(), sqlc.arg(share_id)::uuid, exists (select from shares s where s.id = sqlc.arg(share_id)::uuid and s.file_id = v.file_id)) as share_status,
       exists (select from shares s where s.id = sqlc.arg(share_id)::uuid and s.max_downloads is not null) as limited,
       exists (select from shares s where s.id = sqlc.arg(share_id)::uuid and s.kind = 'link' and not s.has_password) as public
  from (values (1)) one left join app.share_version(app.org(), sqlc.arg(share_id)::uuid, sqlc.arg(file_id)::uuid) v on true;

-- name: Versions :many
select v.file_id, v.version_id, v.name, v.state, v.mime_type, v.size, v.object_etag, v.published_at, v.original
  from unnest(sqlc.arg(files)::uuid[]) with ordinality a (id, n) cross join lateral app.share_version(app.org(), sqlc.arg(share_id)::uuid, a.id) v order by a.n;

-- name: Status :one
select app.share_status(app.org(), sqlc.arg(share_id)::uuid)::text;

-- The files of a place and below it that a zip may hold, in the order of their ids. What of
-- them the share shows is asked of app.share_version.

-- name: ZipFiles :many
select f.id, f.folder_id from files f
 where f.space_id = sqlc.arg(space_id) and f.trashed_at is null and f.needs <= 1
   and (sqlc.narg(folder_id)::uuid is null
        or exists (select from folder_paths p where p.organization_id = f.organization_id and p.folder_id = f.folder_id and p.ancestor_id = sqlc.narg(folder_id)::uuid))
 order by f.id limit sqlc.arg(most);

-- name: ZipFolders :many
select d.id, d.parent_id, d.name from folders d
 where d.space_id = sqlc.arg(space_id)
   and (sqlc.narg(folder_id)::uuid is null
        or exists (select from folder_paths p where p.organization_id = d.organization_id and p.folder_id = d.id and p.ancestor_id = sqlc.narg(folder_id)::uuid));

-- To whom a code goes: an address that the share still has, of a share that has not ended.

-- name: CodeMailGet :one
select r.email, o.name as organization from share_recipients r join organizations o on o.id = r.organization_id
 where r.share_id = sqlc.arg(share_id)::uuid and r.id = sqlc.arg(recipient_id)::uuid and r.email is not null and r.ended_at is null
   and app.share_status(app.org(), sqlc.arg(share_id)::uuid) in ('open', 'used_up', 'target_trashed');

-- name: CodeSet :exec
insert into share_codes (organization_id, share_id, recipient_id, code_hash, expires_at)
values (app.org(), sqlc.arg(share_id), sqlc.arg(recipient_id), sqlc.arg(code_hash), now() + interval '10 minutes')
    on conflict (organization_id, share_id, recipient_id) do update
   set code_hash = excluded.code_hash, attempts = 0, issued_at = now(), expires_at = excluded.expires_at, used_at = null;
