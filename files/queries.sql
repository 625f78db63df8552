-- Names are noun first, so that they sort by what they touch. The organization
-- is bound to the transaction; no query names it but for inserts.

-- A file is made as its first version, which follows in the same transaction, will have it: see app.version_follow.
-- name: FileInsert :one
insert into files (organization_id, id, name, description, category, uploaded_by, space_id, folder_id, subject_id, head_id, status, shown_size, event_seq)
values (app.org(), sqlc.arg(id), sqlc.arg(name), sqlc.arg(description), sqlc.arg(category), sqlc.arg(uploaded_by), sqlc.narg(space_id)::uuid, sqlc.narg(folder_id)::uuid, sqlc.narg(subject_id)::uuid,
        sqlc.arg(version_id)::uuid, sqlc.arg(status), sqlc.arg(size), 1)
returning created_at, name, space_id, folder_id, needs, subject_id;

-- name: FileFreeName :one
select app.free_name(sqlc.arg(folder_id), sqlc.narg(subject_id)::uuid, sqlc.arg(name))::text as name;

-- Whether the actor sees the place that is named. What is not named is no obstacle.
-- name: PlaceSeen :one
select ((sqlc.narg(space_id)::uuid is null or exists (select from spaces s where s.id = sqlc.narg(space_id)::uuid))
    and (sqlc.narg(folder_id)::uuid is null or exists (select from folders d where d.id = sqlc.narg(folder_id)::uuid)))::boolean as seen;

-- The name that a file gets in another folder. In the one where it is it keeps its own.
-- name: FileNameIn :one
select case when f.folder_id = sqlc.arg(folder_id)::uuid then f.name else app.free_name(sqlc.arg(folder_id)::uuid, f.subject_id, f.name) end::text as name
  from files f where f.id = sqlc.arg(id);

-- The name with which a file comes back from the trash; at the top of a space files may share one.
-- name: FileNameBack :one
select case when f.folder_id is null then f.name else app.free_name(f.folder_id, f.subject_id, f.name) end::text as name
  from files f where f.id = sqlc.arg(id);

-- name: FileLock :one
select id, status, trashed_at, current_id, head_id, uploaded_by, name from files where id = $1 for update;

-- A page of an organization that is being deleted: the versions of its first
-- files, and then these files.

-- name: FilePagePurge :execrows
delete from files where organization_id = (select app.org()) and id in (select f.id from files f where f.organization_id = (select app.org()) order by f.id limit sqlc.arg(most));

-- name: FilePurge :execrows
delete from files where id = $1 and trashed_at is not null;

-- name: FileMayChange :one
select app.may_change_file(sqlc.arg(file_id)::uuid)::boolean;

-- name: FileRestore :execrows
update files f set trashed_at = null, updated_at = now(), name = coalesce(sqlc.narg(name), f.name),
    status = coalesce((select v.status from file_versions v where v.organization_id = f.organization_id and v.id = coalesce(f.current_id, f.head_id)), f.status)
 where f.id = sqlc.arg(id) and f.trashed_at is not null;

-- name: FileFollow :many
select v.status, v.preview, f.event_seq, coalesce(e.seq, 0)::bigint as seq, coalesce(e.type, '')::text as type, coalesce(e.data, '{}')::jsonb as data,
       coalesce(e.created_at, f.created_at)::timestamptz as created_at
  from files f
  join file_versions v on v.organization_id = f.organization_id and v.id = f.head_id
  left join lateral (select n.seq, n.type, n.data, n.created_at from file_events n where n.organization_id = f.organization_id and n.file_id = f.id and n.seq > sqlc.arg(seq)
                      order by n.seq limit sqlc.arg(most)) e on true
 where f.id = sqlc.arg(file_id) order by e.seq;

-- name: FileTrash :execrows
update files set trashed_at = now(), status = 'deleted', updated_at = now() where id = $1 and trashed_at is null;

-- A name and a place change at once: a name that is free in the one place may be taken in the other.
-- name: FileUpdate :execrows
update files set name = coalesce(sqlc.narg(name), name), description = coalesce(sqlc.narg(description), description),
    category = coalesce(sqlc.narg(category), category), updated_at = now(),
    space_id = coalesce(sqlc.narg(space_id)::uuid, space_id), folder_id = case when sqlc.arg(moves)::boolean then sqlc.narg(folder_id)::uuid else folder_id end
 where id = sqlc.arg(id) and trashed_at is null;

-- name: FileOtherPublished :one
select exists (select from file_versions where file_id = sqlc.arg(file_id) and status = 'published' and id <> sqlc.arg(id));

-- name: FileVersions :many
select id, number, status, size from file_versions where file_id = $1 order by number;

-- name: VersionDescribe :execrows
update file_versions set change_description = sqlc.arg(change_description) where id = sqlc.arg(id);

-- name: FilesCountByStatus :many
select status, count(*) as files from files group by status order by status;

-- name: PartInsert :exec
insert into upload_parts (organization_id, upload_id, number, size, etag) values (app.org(), $1, $2, $3, $4)
on conflict (organization_id, upload_id, number) do update set size = excluded.size, etag = excluded.etag;

-- name: PartList :many
select number, size, etag from upload_parts where upload_id = $1 order by number;

-- name: QuotaAgrees :one
select (q.used_bytes = coalesce(sum(v.used_bytes), 0))::boolean as used, (q.reserved_bytes = coalesce(sum(v.reserved_bytes), 0))::boolean as reserved
  from storage_quotas q left join file_versions v on v.organization_id = q.organization_id
 group by q.used_bytes, q.reserved_bytes;

-- name: QuotaGet :one
select max_bytes, max_file_size, used_bytes, reserved_bytes, updated_at, max_bytes_set, max_file_size_set from storage_quotas;

-- name: QuotaSums :one
select coalesce(sum(used_bytes), 0)::bigint as used, coalesce(sum(reserved_bytes), 0)::bigint as reserved from file_versions;

-- name: RenditionDelete :exec
delete from renditions where version_id = $1;

-- name: RenditionGet :one
select name, mime_type, width, height, size, etag from renditions where version_id = $1 and name = $2;

-- name: RenditionInsert :exec
insert into renditions (organization_id, version_id, name, mime_type, width, height, size, etag, on_demand)
values (app.org(), $1, $2, $3, $4, $5, $6, $7, $8)
on conflict (organization_id, version_id, name) do update
   set mime_type = excluded.mime_type, width = excluded.width, height = excluded.height, size = excluded.size, etag = excluded.etag;

-- The page of a document, or for no page the largest picture.
-- name: RenditionSource :one
select name, mime_type, width, height, size, etag from renditions
 where version_id = sqlc.arg(version_id) and mime_type in ('image/jpeg', 'image/webp')
   and case when sqlc.arg(page)::text = '' then name like 'fit%' else name = sqlc.arg(page)::text end
 order by width desc, mime_type desc limit 1;

-- name: RenditionList :many
select name, mime_type, width, height, size, etag from renditions where version_id = $1 order by name;

-- The two below lock the file first, like every other statement: the event of a
-- step counts on the file's row, which Withdraw holds while it ends open steps.

-- StepBegin also locks the version and demands that it is in process, or waits for its
-- previews: an attempt that is late would otherwise leave a step running on a version
-- that has ended.

-- name: StepBegin :execrows
with file as (
    select v.organization_id, v.id from files f
      join file_versions v on v.organization_id = f.organization_id and v.file_id = f.id
     where v.id = sqlc.arg(version_id) and (v.status = 'processing' or v.status = 'published' and v.preview = 'pending') for no key update of f, v)
insert into version_steps (organization_id, version_id, name, state, attempt)
select file.organization_id, file.id, sqlc.arg(name)::text, 'running', sqlc.arg(attempt)::integer from file
on conflict (organization_id, version_id, name) do update
   set state = 'running', attempt = greatest(version_steps.attempt, excluded.attempt), ended_at = null;

-- name: StepEnd :exec
with file as (
    select v.id from file_versions v
      join files f on f.organization_id = v.organization_id and f.id = v.file_id
     where v.id = sqlc.arg(version_id) for no key update of f)
update version_steps s set state = sqlc.arg(state), ended_at = now() from file where s.version_id = file.id and s.name = sqlc.arg(name);

-- name: StepEndOpen :exec
update version_steps set state = 'failed', ended_at = now() where version_id = $1 and state = 'running'
   and not (name = 'preview' and exists (select from file_versions v where v.id = $1 and v.status = 'published' and v.preview = 'pending'));

-- name: TransformationGet :one
select version_id, key, state, reason, failed_until > now() as resting, mime_type, width, height, size, etag, (warmed or used_at < now() - interval '1 day')::boolean as stale
  from transformations where version_id = sqlc.arg(version_id) and key = sqlc.arg(key);

-- Who begins has the row for as long as the lease lasts. It gives nothing for one that is
-- ready, rests after a failure, or is another's to make. again is of an attempt after one
-- that died with the lease.
-- name: TransformationBegin :execrows
insert into transformations as t (organization_id, version_id, key, state, lease_until)
values (app.org(), sqlc.arg(version_id), sqlc.arg(key), 'making', now() + sqlc.arg(lease)::interval)
on conflict (organization_id, version_id, key) do update set state = 'making', lease_until = excluded.lease_until, reason = '', failed_until = '-infinity'
 where t.state = 'making' and (t.lease_until < now() or sqlc.arg(again)::boolean) or t.state = 'failed' and t.failed_until < now();

-- name: TransformationEnd :exec
update transformations set lease_until = '-infinity' where version_id = sqlc.arg(version_id) and key = sqlc.arg(key) and state = 'making';

-- name: TransformationFail :exec
update transformations set state = 'failed', reason = sqlc.arg(reason), failed_until = now() + sqlc.arg(rest)::interval, lease_until = '-infinity'
 where version_id = sqlc.arg(version_id) and key = sqlc.arg(key) and state = 'making';

-- name: TransformationReady :execrows
update transformations set state = 'ready', lease_until = '-infinity', mime_type = sqlc.arg(mime_type), width = sqlc.arg(width), height = sqlc.arg(height),
    size = sqlc.arg(size), etag = sqlc.arg(etag), used_at = now(), warmed = sqlc.arg(warmed)
 where version_id = sqlc.arg(version_id) and key = sqlc.arg(key) and state = 'making';

-- name: TransformationUse :exec
update transformations set used_at = now(), warmed = false where version_id = sqlc.arg(version_id) and key = sqlc.arg(key);

-- name: TransformationUnused :many
select version_id, key from transformations where version_id = sqlc.arg(version_id) and used_at < now() - sqlc.arg(unused)::interval order by key;

-- The sweep takes the row before it removes the object, as if it made the picture: who
-- asks for it meanwhile waits and makes it again.
-- name: TransformationDrop :execrows
update transformations set state = 'making', lease_until = now() + sqlc.arg(lease)::interval
 where version_id = sqlc.arg(version_id) and key = sqlc.arg(key) and used_at < now() - sqlc.arg(unused)::interval and lease_until < now();

-- name: TransformationDropped :exec
delete from transformations where version_id = sqlc.arg(version_id) and key = sqlc.arg(key) and used_at < now() - sqlc.arg(unused)::interval and state = 'making';

-- name: TransformationDelete :exec
delete from transformations where version_id = $1;

-- name: TransformationSums :one
select (select coalesce(sum(size), 0) from transformations)::bigint as bytes, (select count(*) from transformations t where t.version_id = sqlc.arg(version_id))::bigint as pictures,
       coalesce((select q.max_bytes from storage_quotas q), 0)::bigint as max_bytes;

-- name: UploadAdvance :execrows
update uploads set offset_bytes = sqlc.arg(new_offset), tail_bytes = sqlc.arg(tail_bytes), sha_state = case when sqlc.arg(last)::boolean then null else sqlc.arg(sha_state)::bytea end,
    s3_upload_id = sqlc.arg(s3_upload_id), expires_at = now() + sqlc.arg(ttl)::interval, finished_at = case when sqlc.arg(last)::boolean then now() end
 where id = sqlc.arg(id) and offset_bytes = sqlc.arg(old_offset) and lease_holder = sqlc.arg(holder) and finished_at is null;

-- name: UploadExpire :execrows
update uploads set finished_at = now(), sha_state = null
 where id = $1 and finished_at is null and expires_at < now() and lease_until < now();

-- name: UploadAbandon :exec
update uploads set expires_at = now() where version_id = $1 and finished_at is null;

-- name: UploadAbandonBy :execrows
update uploads u set expires_at = now(), lease_holder = '', lease_until = '-infinity'
  from file_versions v
 where v.organization_id = u.organization_id and v.id = u.version_id and v.uploaded_by = $1 and v.status = 'uploading' and u.finished_at is null;

-- name: UploadFinish :execrows
update uploads set finished_at = now(), sha_state = null where id = $1 and finished_at is null;

-- name: UploadGet :one
select u.id, u.version_id, u.size, u.offset_bytes, u.s3_upload_id, u.tail_bytes, u.sha_state, u.metadata, u.expires_at, u.finished_at,
       u.lease_holder, v.file_id, v.number, v.status, v.claimed_sha256, v.claimed_type, v.uploaded_by, f.name, f.trashed_at
  from uploads u
  join file_versions v on v.organization_id = u.organization_id and v.id = u.version_id
  join files f on f.organization_id = v.organization_id and f.id = v.file_id
 where u.id = $1;

-- name: UploadGrow :execrows
update uploads set size = greatest(size, $2) where id = $1 and finished_at is null;

-- name: UploadInsert :exec
insert into uploads (organization_id, id, version_id, size, metadata, expires_at, offset_bytes, finished_at)
values (app.org(), sqlc.arg(id), sqlc.arg(version_id), sqlc.arg(size)::bigint, sqlc.arg(metadata), now() + sqlc.arg(ttl)::interval,
        case when sqlc.arg(received)::boolean then sqlc.arg(size)::bigint else 0 end, case when sqlc.arg(received)::boolean then now() end);

-- What is known of a new file before its bytes are stored whose rows are written after them. The rows are refused
-- by the same rules: this keeps what they would refuse out of the store. A place that the actor does not see is
-- not asked about.
-- name: UploadTakable :one
select (case when app.place_seen(sqlc.narg(space_id)::uuid, sqlc.narg(folder_id)::uuid)
             then app.may_collect(sqlc.narg(space_id)::uuid, sqlc.narg(folder_id)::uuid, sqlc.narg(subject_id)::uuid) else false end
        and sqlc.arg(size)::bigint <= least(q.max_file_size, q.max_bytes - q.used_bytes - q.reserved_bytes))::boolean as takable,
       coalesce(p.type_switches, '{}')::text[] as switches, coalesce(p.extra_extensions, '{}')::text[] as extensions,
       coalesce(p.allowed_types, '{}')::text[] as allowed_types, coalesce(p.empty_files, true)::boolean as empty_files
  from storage_quotas q left join organization_policies p on p.organization_id = q.organization_id;

-- name: UploadLease :execrows
update uploads set lease_holder = sqlc.arg(holder), lease_until = now() + sqlc.arg(term)::interval, lease_wanted = false
 where id = sqlc.arg(id) and (lease_until < now() or lease_holder = sqlc.arg(holder));

-- The lease of a request that brings bytes, with the row as it is then, which UploadGet
-- gives without one. It is taken only by who may write to this upload of tus.
-- name: UploadLeaseGet :one
update uploads u set lease_holder = sqlc.arg(holder), lease_until = now() + sqlc.arg(term)::interval, lease_wanted = false
  from file_versions v
  join files f on f.organization_id = v.organization_id and f.id = v.file_id
 where u.id = sqlc.arg(id) and (u.lease_until < now() or u.lease_holder = sqlc.arg(holder))
   and v.organization_id = u.organization_id and v.id = u.version_id
   and v.uploaded_by = sqlc.arg(editor) and u.metadata ? 'tus'
returning u.id, u.version_id, u.size, u.offset_bytes, u.s3_upload_id, u.tail_bytes, u.sha_state, u.metadata, u.expires_at, u.finished_at,
       u.lease_holder, v.file_id, v.number, v.status, v.claimed_sha256, v.claimed_type, v.uploaded_by, f.name, f.trashed_at;

-- name: UploadLeaseRelease :exec
update uploads set lease_holder = '', lease_until = '-infinity', lease_wanted = false where id = $1 and lease_holder = $2;

-- name: UploadLeaseRenew :one
update uploads set lease_until = now() + sqlc.arg(term)::interval where id = sqlc.arg(id) and lease_holder = sqlc.arg(holder)
returning lease_wanted;

-- name: UploadLeaseWant :exec
update uploads set lease_wanted = true where id = $1 and lease_until >= now();

-- name: UploadShrink :exec
update uploads set size = offset_bytes where id = $1;

-- The bound is the tier's, under the platform's ceiling. An organization sees
-- its own tier alone; one that saw none would let nothing in.

-- name: VersionAdmit :many
select version::uuid as id, file::uuid as file_id from app.admit(sqlc.arg(ceiling));

-- The same when a version has left the pipeline and its objects are removed.
-- name: VersionAdmitBehind :many
with cleaned as (update file_versions set cleaned_at = now() where id = sqlc.arg(id) and status = 'published' and cleaned_at is null)
select version::uuid as id, file::uuid as file_id from app.admit(sqlc.arg(ceiling));

-- name: VersionCleaned :exec
update file_versions set cleaned_at = now() where id = $1 and status = $2;

-- name: VersionFacts :many
select number, status, file_name, size, mime_type, sha256, width, height, pages, duration_ms, change_description, uploaded_by, created_at, published_at
  from file_versions where file_id = sqlc.arg(file_id) and number = any(sqlc.arg(numbers)::integer[]);

-- name: VersionGet :one
select v.organization_id, v.id, v.file_id, v.number, v.status, v.status_reason, v.change_description, v.size, v.claimed_type,
       v.claimed_sha256, v.mime_type, v.sha256, v.staging_etag, v.object_etag, v.scan_verdict, v.scan_signature, v.scan_engine,
       v.scan_database, v.scan_sha256, v.scanned_at, v.contains_pii, v.preview, v.width, v.height, v.reserved_bytes, v.used_bytes,
       v.uploaded_by, v.received_at, v.started_at, v.published_at, v.cleaned_at, v.removable_at, v.created_at, v.updated_at, f.name, f.trashed_at
  from file_versions v join files f on f.organization_id = v.organization_id and f.id = v.file_id where v.id = $1;

-- name: VersionInsert :one
with way as (select case when sqlc.arg(received)::boolean then app.admit_received(sqlc.arg(ceiling)::bigint) else '' end as admission),
made as (insert into file_versions (organization_id, id, file_id, number, size, reserved_bytes, claimed_type, claimed_sha256, change_description, uploaded_by, file_name,
                           status, sha256, staging_etag, received_at, started_at)
    select app.org(), sqlc.arg(id), sqlc.arg(file_id), (select coalesce(max(v.number), 0) + 1 from file_versions v where v.file_id = sqlc.arg(file_id)), sqlc.arg(size), sqlc.arg(size),
           sqlc.arg(claimed_type), sqlc.arg(claimed_sha256), sqlc.arg(change_description), sqlc.arg(uploaded_by), sqlc.arg(file_name),
           sqlc.arg(status), sqlc.arg(sha256), sqlc.arg(staging_etag), case when sqlc.arg(received)::boolean then now() end, case when way.admission = 'now' then now() end
      from way
    returning number)
select made.number, way.admission::text as admission, coalesce((select sqlc.arg(size)::bigint <= q.max_file_size from storage_quotas q), false)::boolean as fits from made, way;

-- name: VersionMoving :one
select exists (select from file_versions where status = 'processing' and started_at is not null);

-- It locks the file first, whose row shows the type.
-- name: VersionInspected :execrows
with file as (
    select v.id from file_versions v
      join files f on f.organization_id = v.organization_id and f.id = v.file_id
     where v.id = sqlc.arg(id) for no key update of f)
update file_versions v set mime_type = sqlc.arg(mime_type), corrected_from = sqlc.arg(corrected_from), found_kind = sqlc.arg(found_kind),
    expected_kind = sqlc.arg(expected_kind), active_content = sqlc.arg(active_content), updated_at = now()
  from file where v.id = file.id and v.status = 'processing';

-- Locks the file of a version, which every transaction locks first.
-- name: VersionFileLock :one
select v.status, f.trashed_at from file_versions v join files f on f.organization_id = v.organization_id and f.id = v.file_id where v.id = $1 for update of f;

-- name: VersionLive :many
select v.id, v.file_id, v.number, v.size, v.sha256, v.object_etag, v.published_at, f.name from file_versions v
  join files f on f.organization_id = v.organization_id and f.id = v.file_id
 where v.id > $1 and v.status = 'published' and f.trashed_at is null order by v.id limit $2;

-- name: VersionLock :one
select id, file_id, number, status, status_reason, size, sha256, scan_verdict, scan_sha256, object_etag from file_versions where id = $1 for update;

-- name: VersionPage :many
select id, file_id, status, status_reason, size, sha256, staging_etag, object_etag, scan_verdict, received_at, started_at, cleaned_at, removable_at, updated_at
  from file_versions where id > $1 order by id limit $2;

-- name: VersionPagePurge :exec
delete from file_versions where organization_id = (select app.org()) and file_id in (select f.id from files f where f.organization_id = (select app.org()) order by f.id limit sqlc.arg(most));

-- The three below lock the file first: a preview that comes after the publication is an
-- event, which counts on the file's row.

-- name: VersionPreview :execrows
with file as (
    select v.id from files f join file_versions v on v.organization_id = f.organization_id and v.file_id = f.id
     where v.id = sqlc.arg(id) for no key update of f)
update file_versions v set preview = sqlc.arg(preview)::text, preview_reason = sqlc.arg(reason)::text, width = sqlc.narg(width)::integer, height = sqlc.narg(height)::integer,
    pages = sqlc.narg(pages)::integer, duration_ms = sqlc.narg(duration_ms)::bigint, updated_at = now()
  from file where v.id = file.id and (v.status = 'processing' or v.status = 'published' and v.preview = 'pending');

-- name: VersionPreviewAgain :execrows
with file as (
    select v.id from files f join file_versions v on v.organization_id = f.organization_id and v.file_id = f.id
     where v.id = sqlc.arg(id) for no key update of f)
update file_versions v set preview = 'pending', preview_reason = '', updated_at = now()
  from file where v.id = file.id and v.status = 'published' and v.preview = 'not_available_here';

-- name: VersionPreviewDecide :execrows
with file as (
    select v.id from files f join file_versions v on v.organization_id = f.organization_id and v.file_id = f.id
     where v.id = sqlc.arg(id) for no key update of f)
update file_versions v set preview = sqlc.arg(preview)::text, preview_reason = sqlc.arg(reason)::text, updated_at = now()
  from file where v.id = file.id and v.preview = any(sqlc.arg(undecided)::text[]);

-- name: VersionPublish :execrows
update file_versions set status = 'published', status_reason = '', object_etag = $2, used_bytes = size, reserved_bytes = 0,
    published_at = greatest(now(), scanned_at), updated_at = now()
 where id = $1 and status = 'processing' and scan_verdict = 'clean' and scan_sha256 = sha256;

-- Steps that were done before they were told, with the seconds since their begin and end, of a version that is published
-- next, whose file is locked. app.version_follow tells them with its status, in one change of the file's row.
-- name: StepsDone :exec
insert into version_steps (organization_id, version_id, name, state, started_at, ended_at)
select app.org(), sqlc.arg(version_id)::uuid, s.name, 'done', now() - make_interval(secs => s.began), now() - make_interval(secs => s.ended)
  from unnest(sqlc.arg(names)::text[], sqlc.arg(began)::double precision[], sqlc.arg(ended)::double precision[]) s (name, began, ended)
 where set_config('app.steps_with_status', sqlc.arg(version_id)::uuid::text, true) <> ''
   and exists (select from file_versions v where v.id = sqlc.arg(version_id)::uuid and v.status = 'processing')
on conflict (organization_id, version_id, name) do update set state = 'done', started_at = excluded.started_at, ended_at = excluded.ended_at;

-- VersionInspected, VersionScanned, VersionPreviewDecide and VersionPublish in one, for a version that
-- one step took all the way. It demands what VersionPublish does.
-- name: VersionPublishWhole :execrows
update file_versions set mime_type = sqlc.arg(mime_type), corrected_from = sqlc.arg(corrected_from), found_kind = '', expected_kind = '', active_content = sqlc.arg(active_content),
    scan_verdict = 'clean', scan_signature = '', scan_engine = sqlc.arg(scan_engine), scan_database = sqlc.arg(scan_database), scan_sha256 = sqlc.arg(scan_sha256),
    crc32 = coalesce(sqlc.narg(crc32)::bigint, crc32), scanned_at = now(),
    preview = case when preview = '' then sqlc.arg(preview)::text else preview end, preview_reason = case when preview = '' then sqlc.arg(preview_reason)::text else preview_reason end,
    status = 'published', status_reason = '', object_etag = sqlc.arg(object_etag), used_bytes = size, reserved_bytes = 0, published_at = now(), updated_at = now()
 where id = sqlc.arg(id) and status = 'processing' and sqlc.arg(scan_verdict)::text = 'clean' and sqlc.arg(scan_sha256)::text = sha256;

-- name: VersionHold :execrows
update file_versions set status = 'held', status_reason = $2, updated_at = now() where id = $1 and status = 'processing';

-- name: VersionWantsConsent :one
select (f.held_since is not null)::boolean as held from file_versions v join files f on f.organization_id = v.organization_id and f.id = v.file_id where v.id = sqlc.arg(id);

-- name: VersionRelease :execrows
update file_versions set status = 'processing', status_reason = '', updated_at = now() where id = $1 and status = 'held';

-- name: VersionPurge :exec
delete from file_versions where file_id = $1;

-- name: VersionReceive :one
update file_versions set status = 'processing', size = $2, reserved_bytes = $2, sha256 = $3, staging_etag = $4, received_at = now(), updated_at = now()
 where id = $1 and status = 'uploading'
returning updated_at;

-- name: VersionResize :execrows
update file_versions set size = greatest(size, sqlc.arg(size)), reserved_bytes = greatest(reserved_bytes, sqlc.arg(size))
 where id = sqlc.arg(id) and status = 'uploading';

-- name: VersionRetype :exec
update file_versions set mime_type = sqlc.arg(to_type) where file_id = sqlc.arg(file_id) and mime_type = sqlc.arg(from_type);

-- name: VersionRevoke :execrows
update file_versions set status = 'quarantined', status_reason = $2, used_bytes = 0, scan_verdict = $3, scan_signature = $4,
    scan_engine = $5, scan_database = $6, scanned_at = now(), cleaned_at = null, updated_at = now()
 where id = $1 and status = 'published';

-- name: VersionScanned :execrows
update file_versions set scan_verdict = $2, scan_signature = $3, scan_engine = $4, scan_database = $5, scan_sha256 = $6,
    crc32 = coalesce(sqlc.narg(crc32)::bigint, crc32), scanned_at = now(), updated_at = now()
 where id = $1 and status = 'processing';

-- name: VersionRemove :execrows
update file_versions set status = 'deleted', status_reason = $2, used_bytes = 0, cleaned_at = null, updated_at = now() where id = $1 and status = 'published';

-- name: VersionStarted :exec
update file_versions set started_at = now(), updated_at = now() where id = $1 and started_at is null;

-- name: VersionStepBack :exec
update file_versions set started_at = null where id = $1 and status = 'processing';

-- name: VersionStates :many
select id, status from file_versions where id = any(sqlc.arg(ids)::uuid[]);

-- name: VersionTouch :exec
update file_versions set updated_at = now() where id = $1 and status = 'processing';

-- name: VersionUnpublish :execrows
update file_versions set status = 'deleted', used_bytes = 0, cleaned_at = null, updated_at = now() where id = $1 and status in ('published', 'quarantined');

-- name: VersionView :one
select organization_id, file_id, name, description, category, file_status, owner_id, trashed_at, created_at, updated_at, shown_id,
       current_id, head_id, event_seq, version_id, number, status, status_reason, change_description, size, mime_type, sha256,
       scan_verdict, scan_signature, scan_engine, scan_database, scanned_at, contains_pii, preview, width, height, object_etag,
       uploaded_by, published_at, version_created_at, renditions, steps, head_number, head_status, head_reason,
       corrected_from, found_kind, expected_kind, active_content, space_id, folder_id, needs, subject_id, handed_in_at, preview_reason, pages, duration_ms, tags
  from version_view
 where file_id = $1 and (version_id = sqlc.narg(version_id) or (sqlc.narg(version_id)::uuid is null and version_id = shown_id));

-- name: VersionViewByNumber :one
select organization_id, file_id, name, description, category, file_status, owner_id, trashed_at, created_at, updated_at, shown_id,
       current_id, head_id, event_seq, version_id, number, status, status_reason, change_description, size, mime_type, sha256,
       scan_verdict, scan_signature, scan_engine, scan_database, scanned_at, contains_pii, preview, width, height, object_etag,
       uploaded_by, published_at, version_created_at, renditions, steps, head_number, head_status, head_reason,
       corrected_from, found_kind, expected_kind, active_content, space_id, folder_id, needs, subject_id, handed_in_at, preview_reason, pages, duration_ms, tags
  from version_view
 where file_id = $1 and number = $2;

-- name: VersionViews :many
select organization_id, file_id, name, description, category, file_status, owner_id, trashed_at, created_at, updated_at, shown_id,
       current_id, head_id, event_seq, version_id, number, status, status_reason, change_description, size, mime_type, sha256,
       scan_verdict, scan_signature, scan_engine, scan_database, scanned_at, contains_pii, preview, width, height, object_etag,
       uploaded_by, published_at, version_created_at, renditions, steps, head_number, head_status, head_reason,
       corrected_from, found_kind, expected_kind, active_content, space_id, folder_id, needs, subject_id, handed_in_at, preview_reason, pages, duration_ms, tags
  from version_view
 where file_id = $1 order by number desc;

-- name: VersionWithdraw :execrows
update file_versions set status = $2, status_reason = $3, reserved_bytes = 0, used_bytes = 0, updated_at = now()
 where id = $1 and status in ('uploading', 'processing', 'held');

-- Tags. A tag that is there in another case stays as it is.

-- name: TagCount :one
select count(*) from file_tags where file_id = $1;

-- name: TagDelete :execrows
delete from file_tags where file_id = sqlc.arg(file_id) and tag_folded in (select replace(replace(lower(t collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss') from unnest(sqlc.arg(tags)::text[]) t);

-- name: TagInsert :execrows
insert into file_tags (organization_id, file_id, tag, added_by)
select app.org(), sqlc.arg(file_id), t, sqlc.arg(added_by) from unnest(sqlc.arg(tags)::text[]) t on conflict do nothing;

-- Changes of many files.

-- name: BulkGet :one
select b.id, b.action, b.space_id, b.folder_id, b.add_tags, b.remove_tags, b.actor_id, b.key_id, b.on_conflict, b.created_at, o.state, o.ended_at
  from bulk_changes b join operations o on o.organization_id = b.organization_id and o.id = b.id where b.id = $1;

-- name: BulkInsert :exec
insert into bulk_changes (organization_id, id, action, space_id, folder_id, add_tags, remove_tags, actor_id, key_id, on_conflict)
values (app.org(), sqlc.arg(id), sqlc.arg(action), sqlc.narg(space_id), sqlc.narg(folder_id), sqlc.arg(add_tags), sqlc.arg(remove_tags), sqlc.arg(actor_id), sqlc.narg(key_id), sqlc.arg(on_conflict));

-- name: BulkItemInsert :exec
insert into bulk_items (organization_id, change_id, number, file_id)
select app.org(), sqlc.arg(change_id)::uuid, t.n, t.id from unnest(sqlc.arg(files)::uuid[]) with ordinality t (id, n);

-- Takes the item for this transaction. One that another process has done is not given.

-- name: BulkItemTake :one
select file_id from bulk_items where change_id = $1 and number = $2 and result = 'pending' for update;

-- name: BulkItemEnd :exec
update bulk_items set result = sqlc.arg(result), code = sqlc.arg(code), detail = sqlc.arg(detail), ended_at = now()
 where change_id = sqlc.arg(change_id) and number = sqlc.arg(number) and result = 'pending';

-- name: BulkItemList :many
select number, file_id, result, code, detail from bulk_items where change_id = $1 order by number;

-- name: BulkItemPending :many
select number from bulk_items where change_id = sqlc.arg(change_id) and result = 'pending' and number > sqlc.arg(after) order by number limit sqlc.arg(most);

-- name: BulkSums :one
select count(*) filter (where result = 'ok') as ok, count(*) filter (where result = 'refused') as refused, count(*) filter (where result = 'skipped') as skipped,
       count(*) as total from bulk_items where change_id = $1;

-- name: BulkDeleteOld :exec
delete from bulk_changes where id in (select b.id from bulk_changes b where b.created_at < now() - sqlc.arg(older_than)::interval order by b.created_at limit sqlc.arg(most));

-- name: FileMayBeChanged :one
select app.may_change_file(id)::boolean from files where id = $1;

-- Why retention removes a version now, and '' while it does not.

-- name: VersionRetention :one
select (case when v.status <> 'published' or v.superseded_at is null then ''
             when v.superseded_at < now() - make_interval(days => p.version_days) then 'replaced_too_long_ago'
             when (select count(*) from file_versions w where w.organization_id = v.organization_id and w.file_id = v.file_id
                      and w.status = 'published' and w.number > v.number) >= p.version_keep then 'more_versions_than_kept'
             else '' end)::text as why
  from file_versions v join organization_policies p on p.organization_id = v.organization_id where v.id = $1;

-- name: VersionViewsShown :many
select organization_id, file_id, name, description, category, file_status, owner_id, trashed_at, created_at, updated_at, shown_id,
       current_id, head_id, event_seq, version_id, number, status, status_reason, change_description, size, mime_type, sha256,
       scan_verdict, scan_signature, scan_engine, scan_database, scanned_at, contains_pii, preview, width, height, object_etag,
       uploaded_by, published_at, version_created_at, renditions, steps, head_number, head_status, head_reason,
       corrected_from, found_kind, expected_kind, active_content, space_id, folder_id, needs, subject_id, handed_in_at, preview_reason, pages, duration_ms, tags
  from version_view
 where file_id = any(sqlc.arg(ids)::uuid[]) and version_id = shown_id;

-- name: ZipDeleteExpired :exec
delete from zips where expires_at < now();

-- name: ZipInsert :one
insert into zips (organization_id, id, name, actor_id, expires_at)
values (app.org(), sqlc.arg(id), sqlc.arg(name), sqlc.arg(actor_id)::uuid, now() + sqlc.arg(life)::interval)
returning created_at, expires_at;

-- The zip of a share with the same in it is the same zip, for another day.

-- name: ZipInsertOfShare :one
insert into zips (organization_id, id, name, share_id, digest, expires_at)
values (app.org(), sqlc.arg(id), sqlc.arg(name), sqlc.arg(share_id)::uuid, sqlc.arg(digest)::bytea, now() + sqlc.arg(life)::interval)
    on conflict (organization_id, share_id, digest) where share_id is not null do update set expires_at = excluded.expires_at
returning id, name, created_at, expires_at;

-- name: ZipEntriesInsert :exec
insert into zip_entries (organization_id, zip_id, number, file_id, version_id, name, size, modified_at, object_etag, statement)
select app.org(), sqlc.arg(zip_id), e.n - 1, e.file_id, e.version_id, e.name, e.size, e.modified_at, e.object_etag, e.statement
  from unnest(sqlc.arg(file_ids)::uuid[], sqlc.arg(version_ids)::uuid[], sqlc.arg(names)::text[], sqlc.arg(sizes)::bigint[], sqlc.arg(modified)::timestamptz[], sqlc.arg(etags)::text[], sqlc.arg(statements)::text[])
       with ordinality as e (file_id, version_id, name, size, modified_at, object_etag, statement, n);

-- name: ZipGet :one
select id, name, share_id, created_at, expires_at from zips where id = $1 and expires_at > now();

-- name: ZipEntryList :many
select number, file_id, version_id, name, size, modified_at, object_etag, refused, statement from zip_entries where zip_id = $1 order by number;

-- name: ZipEntryRefuse :exec
update zip_entries set refused = sqlc.arg(refused) where zip_id = sqlc.arg(zip_id) and number = sqlc.arg(number);

-- What of these the actor may read at this moment.
-- name: VersionsReadable :many
select version_id, number from version_view where version_id = any(sqlc.arg(ids)::uuid[]) and status = 'published' and trashed_at is null;

-- What a zip needs of files, as the actor sees them.

-- name: VersionViewsZipped :many
select file_id, version_id, name, folder_id, status, trashed_at, size, mime_type, object_etag, published_at from version_view
 where file_id = any(sqlc.arg(ids)::uuid[]) and version_id = shown_id;

-- name: VersionCRCs :many
select id, crc32 from file_versions where id = any(sqlc.arg(ids)::uuid[]) and crc32 is not null;

-- name: VersionSetCRC :exec
update file_versions set crc32 = sqlc.arg(crc32)::bigint where id = sqlc.arg(id) and status = 'published';

-- The files of a folder and of those below it, as the actor sees them. What their versions are is asked for a few at
-- once later: version_view took 12 s for 10,000 files.
-- name: FilesBelowFolder :many
select f.id from files f
  join folder_paths p on p.organization_id = f.organization_id and p.folder_id = f.folder_id
 where p.ancestor_id = sqlc.arg(folder_id) and f.trashed_at is null
 order by f.id limit sqlc.arg(most);

-- name: FoldersBelow :many
select d.id, d.parent_id, d.name from folders d join folder_paths p on p.organization_id = d.organization_id and p.folder_id = d.id
 where p.ancestor_id = sqlc.arg(folder_id);

-- Delayed removal. The objects of a deleted version stay until a moment; the first that is set counts.

-- name: VersionDelayRemoval :one
update file_versions set removable_at = coalesce(removable_at, now() + sqlc.arg(delay)::interval)
 where id = sqlc.arg(id) and status = 'deleted'
returning (removable_at > now())::boolean as waits;

-- What a restore finds. Each changes nothing of a version that has moved on since it was read.

-- name: RestoredContent :execrows
update file_versions set object_etag = sqlc.arg(etag) where id = sqlc.arg(id) and status = 'published';

-- name: RestoredStaging :execrows
update file_versions set staging_etag = sqlc.arg(etag) where id = sqlc.arg(id) and status in ('processing', 'held');

-- name: RestoredLost :execrows
update file_versions set status = 'quarantined', status_reason = sqlc.arg(reason), used_bytes = 0, cleaned_at = null, updated_at = now()
 where id = sqlc.arg(id) and status = 'published';

-- What was lost and is found by a later check. Its previews are made again: their rows are gone.
-- name: RestoredFoundContent :execrows
update file_versions set status = 'published', status_reason = '', object_etag = sqlc.arg(etag), used_bytes = size, cleaned_at = null, updated_at = now(),
    preview = case preview when 'ready' then 'not_available_here' else preview end,
    preview_reason = case preview when 'ready' then 'program_not_installed' else preview_reason end
 where id = sqlc.arg(id) and status = 'quarantined' and status_reason = sqlc.arg(reason);

-- name: RestoredFoundStaging :execrows
update file_versions set status = 'processing', status_reason = '', staging_etag = sqlc.arg(etag), reserved_bytes = size, cleaned_at = null, started_at = null, updated_at = now()
 where id = sqlc.arg(id) and status = 'failed' and status_reason = sqlc.arg(reason);

-- name: RestoredPictures :many
select version_id, name, size, etag, false as on_demand from renditions where version_id = any(sqlc.arg(versions)::uuid[])
union all
select version_id, key, size, etag, true from transformations where version_id = any(sqlc.arg(versions)::uuid[]) and state = 'ready'
order by 1, 5, 2;

-- name: RestoredRendition :exec
update renditions set etag = sqlc.arg(etag) where version_id = sqlc.arg(version_id) and name = sqlc.arg(name);

-- name: RestoredTransformation :exec
update transformations set etag = sqlc.arg(etag) where version_id = sqlc.arg(version_id) and key = sqlc.arg(key);

-- name: RestoredRenditionLost :exec
delete from renditions where version_id = sqlc.arg(version_id) and name = sqlc.arg(name);

-- name: RestoredTransformationLost :exec
delete from transformations where version_id = sqlc.arg(version_id) and key = sqlc.arg(key);
