-- name: ErasureInsert :exec
insert into erasures (organization_id, id, scope, target_id, basis, reference, requested_by)
values (app.org(), sqlc.arg(id), sqlc.arg(scope), sqlc.arg(target_id), sqlc.arg(basis), sqlc.arg(reference), sqlc.narg(requested_by)::uuid);

-- name: ErasureGet :one
select e.id, e.scope, e.target_id, e.basis, e.reference, e.state, e.hold_id, e.exports, e.requested_by, e.requested_at, e.certified_at,
       count(distinct i.file_id) filter (where i.state <> 'kept') as files, count(i.version_id) filter (where i.state <> 'kept') as versions,
       count(i.version_id) filter (where i.state in ('purged', 'verified')) as erased, count(distinct i.file_id) filter (where i.state = 'kept') as kept,
       count(distinct i.file_id) filter (where i.state = 'blocked') as blocked
  from erasures e left join erasure_items i on i.organization_id = e.organization_id and i.erasure_id = e.id
 where e.id = sqlc.arg(id) group by e.organization_id, e.id;

-- name: ErasureList :many
select e.id, e.scope, e.target_id, e.basis, e.reference, e.state, e.hold_id, e.exports, e.requested_by, e.requested_at, e.certified_at,
       count(distinct i.file_id) filter (where i.state <> 'kept') as files, count(i.version_id) filter (where i.state <> 'kept') as versions,
       count(i.version_id) filter (where i.state in ('purged', 'verified')) as erased, count(distinct i.file_id) filter (where i.state = 'kept') as kept,
       count(distinct i.file_id) filter (where i.state = 'blocked') as blocked
  from (select x.organization_id, x.id, x.scope, x.target_id, x.basis, x.reference, x.state, x.hold_id, x.exports, x.requested_by, x.requested_at, x.certified_at
          from erasures x where sqlc.narg(before)::uuid is null or x.id < sqlc.narg(before)::uuid order by x.id desc limit sqlc.arg(most)) e
  left join erasure_items i on i.organization_id = e.organization_id and i.erasure_id = e.id
 group by e.organization_id, e.id, e.scope, e.target_id, e.basis, e.reference, e.state, e.hold_id, e.exports, e.requested_by, e.requested_at, e.certified_at
 order by e.id desc;

-- name: ErasureLock :one
select scope, target_id, basis, reference, state, exports, requested_by, requested_at from erasures where id = sqlc.arg(id) for update;

-- name: ErasureCertificate :one
select certificate from erasures where id = sqlc.arg(id);

-- name: ErasureState :exec
update erasures set state = sqlc.arg(state), hold_id = sqlc.narg(hold_id)::uuid, updated_at = now() where id = sqlc.arg(id);

-- name: ErasureWoken :exec
update erasures set woken_at = now() where id = sqlc.arg(id) and state <> 'certified';

-- name: ErasureExports :exec
update erasures set exports = exports + sqlc.arg(n) where id = sqlc.arg(id) and state <> 'certified';

-- name: ErasureCertify :exec
update erasures set state = 'certified', hold_id = null, certified_at = sqlc.arg(at), certificate = sqlc.arg(certificate)::jsonb, updated_at = now() where id = sqlc.arg(id);

-- The end of an organization, in one row of the platform.
-- name: ErasureOfOrganization :exec
insert into erasures (organization_id, id, scope, target_id, basis, requested_by, requested_at, state, certified_at, certificate)
values (app.org(), sqlc.arg(id), 'organization', sqlc.arg(target_id), 'contract_end', sqlc.narg(requested_by)::uuid, sqlc.arg(requested_at)::timestamptz, 'certified', sqlc.arg(at), sqlc.arg(certificate)::jsonb) on conflict do nothing;

-- What a restore lost, from the copy of the certificate.
-- name: ErasureRestore :execrows
insert into erasures (organization_id, id, scope, target_id, basis, requested_at, exports, state, certified_at, certificate)
values (app.org(), sqlc.arg(id), sqlc.arg(scope), sqlc.arg(target_id), sqlc.arg(basis), sqlc.arg(requested_at)::timestamptz, sqlc.arg(exports), 'certified', sqlc.arg(at), sqlc.arg(certificate)::jsonb)
on conflict (organization_id, id) do update set state = 'certified', hold_id = null, exports = excluded.exports, certified_at = excluded.certified_at, certificate = excluded.certificate, updated_at = now()
 where erasures.state <> 'certified';

-- The same, of one that waits for a hold that the restore brought back. It goes on with what its
-- certificate names and is there, and has a new one when the hold is released.
-- name: ErasureReopen :execrows
insert into erasures (organization_id, id, scope, target_id, basis, requested_at, state)
values (app.org(), sqlc.arg(id), sqlc.arg(scope), sqlc.arg(target_id), sqlc.arg(basis), sqlc.arg(requested_at)::timestamptz, 'erasing')
on conflict do nothing;

-- Their keys are destroyed already: the certificate says which had one.
-- name: ItemReopen :exec
insert into erasure_items (organization_id, erasure_id, version_id, file_id, size, sha256, encrypted)
select v.organization_id, sqlc.arg(id), v.id, v.file_id, v.size, v.sha256, v.id = any(sqlc.arg(encrypted)::uuid[]) from file_versions v where v.id = any(sqlc.arg(versions)::uuid[])
on conflict do nothing;

-- What there is of the target. A file that comes later is not part of it; a version that comes to a
-- file later is. Of a withdrawn consent it is what lacks a basis since; of a parent's request what is the child's.
-- name: ItemInventory :execrows
insert into erasure_items (organization_id, erasure_id, version_id, file_id, size, sha256, state, reason)
select e.organization_id, e.id, v.id, v.file_id, v.size, v.sha256, case when k.reason = '' then 'planned' else 'kept' end, k.reason
  from erasures e
  join lateral (
    select f.id from files f where f.organization_id = e.organization_id and e.scope = 'file' and f.id = e.target_id
    union select f.id from files f where f.organization_id = e.organization_id and e.scope = 'consent' and f.child_id = e.target_id
    union select f.id from files f where f.organization_id = e.organization_id and e.scope in ('person', 'consent') and f.uploaded_by = e.target_id
    union select f.id from files f where f.organization_id = e.organization_id and e.scope in ('person', 'consent') and f.subject_id = e.target_id
    union select r.file_id from record_students r where r.organization_id = e.organization_id and e.scope in ('person', 'consent') and r.student_id = e.target_id
    union select f.id from spaces s join files f on f.organization_id = s.organization_id and f.space_id = s.id
           where s.organization_id = e.organization_id and e.scope in ('person', 'consent') and s.about_id = e.target_id
    union select x.file_id from file_versions x where x.organization_id = e.organization_id and e.scope = 'person' and x.uploaded_by = e.target_id) c on true
  join files f on f.organization_id = e.organization_id and f.id = c.id and f.created_at <= e.requested_at
   and (e.scope <> 'consent' or f.collected_as_child and (e.basis <> 'consent_withdrawn' or f.held_since is not null))
  join file_versions v on v.organization_id = e.organization_id and v.file_id = f.id
  cross join lateral (select app.erasure_keeps(e, f) as reason) k
 where e.organization_id = (select app.org()) and e.id = sqlc.arg(id)
on conflict do nothing;

-- What waited for a hold is tried again.
-- name: ItemUnblock :exec
update erasure_items set state = 'planned', hold_id = null, updated_at = now() where erasure_id = sqlc.arg(id) and state = 'blocked';

-- name: ItemFiles :many
select distinct file_id from erasure_items
 where erasure_id = sqlc.arg(id) and state in ('planned', 'ended', 'destroyed') and file_id > sqlc.arg(after)::uuid order by file_id limit sqlc.arg(most);

-- name: ItemList :many
select version_id, file_id, state, encrypted from erasure_items
 where erasure_id = sqlc.arg(id) and file_id = any(sqlc.arg(files)::uuid[]) and state in ('planned', 'ended', 'destroyed') order by file_id, version_id;

-- name: FileKept :one
select app.erasure_keeps(e, f)::text from erasures e join files f on f.organization_id = e.organization_id and f.id = sqlc.arg(file_id)::uuid where e.id = sqlc.arg(id);

-- Which hold covers a file; the one that goes before the others.
-- name: FileHold :one
select h.id from holds h join files f on f.organization_id = h.organization_id
 where f.id = sqlc.arg(file_id)::uuid and h.released_at is null and app.hold_covers(h, f)
 order by array_position(array['legal', 'access_request', 'amendment'], h.kind), h.id limit 1;

-- name: ItemKeep :exec
update erasure_items set state = 'kept', reason = sqlc.arg(reason), hold_id = null, updated_at = now() where erasure_id = sqlc.arg(id) and file_id = sqlc.arg(file_id) and state = 'planned';

-- Whether a file waited in the trash for a hold: it came there since the erasure was asked for.
-- name: FileWaited :one
select exists (select from files f join erasures e on e.organization_id = f.organization_id
                where f.id = sqlc.arg(file_id)::uuid and e.id = sqlc.arg(id) and f.trashed_at >= e.requested_at)::boolean;

-- name: ItemBlock :exec
update erasure_items set state = 'blocked', hold_id = sqlc.arg(hold_id)::uuid, updated_at = now() where erasure_id = sqlc.arg(id) and file_id = sqlc.arg(file_id) and state = 'planned';

-- Those that came to the file since the inventory too.
-- name: ItemEnd :exec
insert into erasure_items (organization_id, erasure_id, version_id, file_id, size, sha256, state)
select v.organization_id, sqlc.arg(id), v.id, v.file_id, v.size, v.sha256, 'ended' from file_versions v where v.organization_id = (select app.org()) and v.file_id = sqlc.arg(file_id)
on conflict (organization_id, erasure_id, version_id) do update set state = 'ended', size = excluded.size, sha256 = excluded.sha256, updated_at = now()
 where erasure_items.state = 'planned';

-- A file that was deleted by another way since it was listed: its objects and keys are looked for all the same.
-- name: ItemEndGone :exec
update erasure_items set state = 'ended', updated_at = now() where erasure_id = sqlc.arg(id) and file_id = sqlc.arg(file_id) and state = 'planned';

-- Noted before the keys are destroyed, and before an upload is ended, which takes its own along: afterwards it
-- is not to be seen.
-- name: ItemEncrypted :exec
update erasure_items set encrypted = true, updated_at = now()
 where erasure_id = sqlc.arg(id) and version_id = any(sqlc.arg(versions)::uuid[]) and state in ('planned', 'ended');

-- name: ItemDestroyed :exec
update erasure_items set state = 'destroyed', updated_at = now()
 where erasure_id = sqlc.arg(id) and version_id = any(sqlc.arg(versions)::uuid[]) and state = 'ended';

-- name: ItemPurged :exec
update erasure_items set state = 'purged', updated_at = now() where erasure_id = sqlc.arg(id) and file_id = sqlc.arg(file_id) and state = 'destroyed';

-- name: ItemPage :many
select version_id, file_id from erasure_items where erasure_id = sqlc.arg(id) and state = 'purged' and version_id > sqlc.arg(after)::uuid order by version_id limit sqlc.arg(most);

-- name: ItemVerified :exec
update erasure_items set state = 'verified', updated_at = now() where erasure_id = sqlc.arg(id) and version_id = any(sqlc.arg(versions)::uuid[]) and state = 'purged';

-- name: ItemCounts :one
select count(*) filter (where state in ('planned', 'ended', 'destroyed'))::bigint as open, count(*) filter (where state = 'purged')::bigint as unverified,
       count(*) filter (where state = 'blocked')::bigint as blocked,
       coalesce((array_agg(hold_id order by hold_id) filter (where state = 'blocked'))[1], '00000000-0000-0000-0000-000000000000')::uuid as hold_id
  from erasure_items where erasure_id = sqlc.arg(id);

-- A hold that is placed beside this waits until the transaction ends, or is seen by it.
-- name: HoldsWait :exec
select pg_advisory_xact_lock_shared(app.hold_lock(app.org()));

-- What becomes of the person's own row: empty, there is none.
-- name: PersonState :one
select coalesce((select case
    when exists (select from holds h where h.organization_id = p.organization_id and h.released_at is null and (h.scope = 'organization' or h.person_id = p.user_id)) then 'on_hold'
    when p.state <> 'left' or exists (select from members m where m.organization_id = p.organization_id and m.user_id = p.user_id) then 'still_a_member'
    else 'erased' end from people p where p.organization_id = (select app.org()) and p.user_id = sqlc.arg(user_id)), '')::text as state;

-- name: PersonThere :one
select exists (select from people p where p.user_id = sqlc.arg(user_id)
   and (p.display_name <> '' or p.grade <> '' or p.identifiers <> '{}' or p.username_hash is not null or p.email_hash is not null or p.source_id is not null
        or p.thirteen_from is not null or p.adult_from is not null))::boolean;

-- Whether the person's own row is about to be emptied still, and no hold covers it. It is asked behind HoldsWait in
-- the transaction in which one thing is removed that names the person.
-- name: PersonGoes :one
select exists (select from erasures e join people p on p.organization_id = e.organization_id and p.user_id = e.target_id
    where e.id = sqlc.arg(id) and e.scope = 'person' and e.state <> 'certified' and p.state = 'left'
      and not exists (select from members m where m.organization_id = p.organization_id and m.user_id = p.user_id)
      and not exists (select from holds h where h.organization_id = p.organization_id and h.released_at is null and (h.scope = 'organization' or h.person_id = p.user_id)))::boolean;

-- Packages of rosters that name a person whose row is about to be emptied: those that were read, of the source
-- that has the person. One that is being read is needed still.
-- name: PersonPackages :many
select i.id, (i.state in ('received', 'checking'))::boolean as reading
  from erasures e join people p on p.organization_id = e.organization_id and p.user_id = e.target_id
  join roster_imports i on i.organization_id = p.organization_id and i.source_id = p.source_id and i.cleaned_at is null
 where e.id = sqlc.arg(id) and e.scope = 'person' and e.state <> 'certified' and p.state = 'left'
   and not exists (select from members m where m.organization_id = p.organization_id and m.user_id = p.user_id)
   and not exists (select from holds h where h.organization_id = p.organization_id and h.released_at is null and (h.scope = 'organization' or h.person_id = p.user_id))
 order by i.id;

-- Where copies of such packages lie in the inbox, below the folder of the source.
-- name: PersonPickups :many
select k.source_id, coalesce(k.moved_to, '')::text as moved_to
  from erasures e join people p on p.organization_id = e.organization_id and p.user_id = e.target_id
  join roster_pickups k on k.organization_id = p.organization_id and k.source_id = p.source_id and (k.moved_to is not null or k.state = 'taken')
 where e.id = sqlc.arg(id) and e.scope = 'person' and e.state <> 'certified' and p.state = 'left'
   and not exists (select from members m where m.organization_id = p.organization_id and m.user_id = p.user_id)
   and not exists (select from holds h where h.organization_id = p.organization_id and h.released_at is null and (h.scope = 'organization' or h.person_id = p.user_id))
 order by k.id;

-- What imports of rosters staged and would change of the person, of any import that is kept: undone or
-- applied later, it would bring the name back. Comes before the row forgets where it is from.
-- name: RosterChangesForget :exec
delete from roster_changes c using people p, roster_imports i
 where p.user_id = sqlc.arg(user_id) and p.state = 'left' and i.source_id = p.source_id and c.import_id = i.id
   and (c.kind = 'person' and (c.target_id = p.user_id or c.sourced_id = p.sourced_id) or c.kind = 'enrollment' and c.person = p.sourced_id or c.kind = 'guardian' and c.sourced_id = p.sourced_id);

-- name: RosterRowsForget :exec
delete from roster_rows r using people p, roster_imports i
 where p.user_id = sqlc.arg(user_id) and p.state = 'left' and i.source_id = p.source_id and r.import_id = i.id
   and (r.kind in ('person', 'demographics') and r.sourced_id = p.sourced_id or r.kind in ('role', 'enrollment') and r.person = p.sourced_id);

-- An id is left, by which others' rows name the person. A roster that has the person again makes a new one.
-- name: PersonForget :exec
update people set display_name = '', grade = '', identifiers = '{}', username_hash = null, email_hash = null, thirteen_from = null, adult_from = null,
    source_id = null, sourced_id = null, row_hash = null, set_by_hand = '{}', updated_at = now()
 where user_id = sqlc.arg(user_id) and state = 'left';

-- name: ItemAll :many
select version_id, file_id, size, sha256, state, reason, encrypted from erasure_items where erasure_id = sqlc.arg(id) order by file_id, version_id;

-- What the database still says of these versions and files. Everything else that it says of a version
-- hangs on these rows by a reference, and goes with them.
-- name: RowsLeft :one
select ((select count(*) from file_versions v where v.id = any(sqlc.arg(versions)::uuid[]))
    + (select count(*) from files f where f.id = any(sqlc.arg(files)::uuid[]))
    + (select count(*) from zip_entries z where z.version_id = any(sqlc.arg(versions)::uuid[])))::bigint;

-- Whether the cache in front of the content host, if there is one, was not told yet that these are gone.
-- name: EdgeWaits :one
select (exists (select from edge_cursors c join organization_events e on e.organization_id = c.organization_id and e.type in ('version.deleted', 'file.deleted')
            and (e.seq is null or e.seq > c.position) and e.data ->> 'file_id' = any(sqlc.arg(files)::uuid[]::text[]))
    or exists (select from edge_purges p where substr(p.key, 3) = any(sqlc.arg(files)::uuid[]::text[]) or substr(p.key, 3) = any(sqlc.arg(versions)::uuid[]::text[])))::boolean as waits;

-- Zips name files. One that is made of an erased file is forgotten whole.
-- name: ZipForget :exec
delete from zips z using zip_entries i where i.organization_id = z.organization_id and i.zip_id = z.id and i.file_id = sqlc.arg(file_id);

-- Documents that were to be made from a file: they keep its text until they end.
-- name: SourceOpen :many
select g.id from generations g where g.file_id = sqlc.arg(file_id)::uuid and g.ended_at is null;

-- Drafts of documents that were made from a file, or that became it, which are kept after their end.
-- name: DraftsForget :exec
with made as (select g.id from generations g where g.ended_at is not null and (g.file_id = sqlc.arg(file_id)::uuid or g.result_file_id = sqlc.arg(file_id)::uuid)),
     revisions as (delete from generation_revisions r using made m where r.generation_id = m.id)
update generations g set title = '', updated_at = now() from made m where g.id = m.id and g.title <> '';

-- Documents that were made from a file, and are files of their own. It is noted before the file goes, which takes
-- along of what a document was made.
-- name: DerivedNote :exec
insert into erasure_derived (organization_id, erasure_id, file_id, source_id)
select g.organization_id, sqlc.arg(id), g.result_file_id, g.file_id from generations g join files f on f.organization_id = g.organization_id and f.id = g.result_file_id
 where g.file_id = sqlc.arg(file_id)::uuid and g.result_file_id <> g.file_id
on conflict do nothing;

-- Those that are here still, and do not go with the same erasure. Of a page those after a document.
-- name: DerivedList :many
select d.file_id, d.source_id from erasure_derived d join files f on f.organization_id = d.organization_id and f.id = d.file_id
 where d.erasure_id = sqlc.arg(id) and (d.file_id, d.source_id) > (sqlc.arg(after)::uuid, sqlc.arg(after_source)::uuid)
   and not exists (select from erasure_items i where i.organization_id = d.organization_id and i.erasure_id = d.erasure_id and i.file_id = d.file_id and i.state <> 'kept')
 order by d.file_id, d.source_id limit sqlc.arg(most);

-- Packages of requests for access that name a file. They go out of reach in the transaction that ends
-- the file: what they name goes with its row.
-- name: PackagesEnd :execrows
update exports x set state = 'removed', updated_at = now()
 where x.access_request_id is not null and x.state in ('running', 'ready')
   and exists (select from access_request_files a where a.organization_id = x.organization_id and a.request_id = x.access_request_id and a.file_id = sqlc.arg(file_id)::uuid);

-- A file that was deleted by another way is not to be told from what a package holds any more: each may.
-- name: PackagesEndAll :execrows
update exports set state = 'removed', updated_at = now() where access_request_id is not null and state in ('running', 'ready');

-- Copies of which objects may be there, and which were begun before something was erased. Of packages,
-- those alone that are out of reach.
-- name: ExportList :many
select x.id from exports x
 where x.cleaned_at is null and (x.access_request_id is null and not sqlc.arg(ended)::boolean or x.state in ('failed', 'removed'))
   and exists (select from erasure_items i where i.erasure_id = sqlc.arg(id) and i.state in ('ended', 'destroyed', 'purged', 'verified') and i.updated_at >= x.created_at)
 order by x.id;

-- Requests of guardians, each with the erasures that it began: the one of what was here by a consent alone, and
-- the one that the school decided on.
-- name: RequestInsert :exec
insert into erasure_requests (organization_id, id, student_id, requester_id, note) values (app.org(), sqlc.arg(id), sqlc.arg(student_id), sqlc.arg(requester_id), sqlc.arg(note));

-- name: RequestGet :one
select r.id, r.student_id, r.requester_id, r.note, r.state, r.received_at, r.due_at, (r.due_at <= now() and r.ended_at is null)::boolean as overdue,
       r.erasure_id, r.reason, r.ended_by, r.ended_at, coalesce(b.state, '')::text as begun_state, b.certified_at as begun_certified_at,
       coalesce(e.state, '')::text as erasure_state, e.certified_at as erasure_certified_at
  from erasure_requests r left join erasures b on b.organization_id = r.organization_id and b.id = r.id
  left join erasures e on e.organization_id = r.organization_id and e.id = r.erasure_id
 where r.id = sqlc.arg(id);

-- name: RequestList :many
select r.id, r.student_id, r.requester_id, r.note, r.state, r.received_at, r.due_at, (r.due_at <= now() and r.ended_at is null)::boolean as overdue,
       r.erasure_id, r.reason, r.ended_by, r.ended_at, coalesce(b.state, '')::text as begun_state, b.certified_at as begun_certified_at,
       coalesce(e.state, '')::text as erasure_state, e.certified_at as erasure_certified_at
  from erasure_requests r left join erasures b on b.organization_id = r.organization_id and b.id = r.id
  left join erasures e on e.organization_id = r.organization_id and e.id = r.erasure_id
 where (sqlc.narg(before)::uuid is null or r.id < sqlc.narg(before)::uuid) and (sqlc.arg(ended)::boolean or r.ended_at is null)
 order by r.id desc limit sqlc.arg(most);

-- name: RequestLock :one
select r.state, r.student_id, r.requester_id, app.of_student(r.student_id, app.actor())::boolean as own from erasure_requests r where r.id = sqlc.arg(id) for update;

-- name: RequestEnd :exec
update erasure_requests set state = sqlc.arg(state), erasure_id = sqlc.narg(erasure_id)::uuid, reason = sqlc.arg(reason), ended_by = sqlc.arg(by)::uuid, ended_at = now()
 where id = sqlc.arg(id);

-- Of a guardian with one child here that child; of a student of 18 or more themselves.
-- name: StudentsOfActor :many
select w.student_id::uuid as student_id from app.my_wards w
 union select p.user_id from people p where p.user_id = app.actor() and p.kind = 'student' and p.adult_from <= current_date limit 2;

-- Whether the request is the actor's and one of the erasures that it began: for its certificate.
-- name: RequestHas :one
select exists (select from erasure_requests r where r.id = sqlc.arg(id) and sqlc.arg(erasure)::uuid in (r.id, r.erasure_id))::boolean;
