-- name: FindingsDelete :exec
delete from pii_findings where version_id = $1;

-- name: FindingsInsert :exec
insert into pii_findings (organization_id, version_id, number, category, part, part_number, member, cell, line, score, reasons, masked, value_hmac, person_id)
select app.org(), sqlc.arg(version_id)::uuid, sqlc.arg(first)::integer + (u.place - 1)::integer, u.category, u.part, u.part_number, u.member, u.cell, u.line, u.score, string_to_array(u.reasons, chr(31)), u.masked, u.value_hmac,
       (select p.user_id from people p where p.user_id::text = u.person)
  from unnest(sqlc.arg(categories)::text[], sqlc.arg(parts)::text[], sqlc.arg(part_numbers)::integer[], sqlc.arg(members)::text[], sqlc.arg(cells)::text[],
              sqlc.arg(lines)::integer[], sqlc.arg(scores)::real[], sqlc.arg(reasons)::text[], sqlc.arg(masks)::text[], sqlc.arg(hmacs)::bytea[], sqlc.arg(people)::text[])
       with ordinality u(category, part, part_number, member, cell, line, score, reasons, masked, value_hmac, person, place);

-- name: FindingsList :many
select number, category, part, part_number, member, cell, line, score, reasons, masked, value_hmac, person_id
  from pii_findings where version_id = sqlc.arg(version_id) and number > sqlc.arg(after) order by number limit sqlc.arg(most);

-- name: FindingsCount :many
select category, count(*)::integer as count from pii_findings where version_id = $1 group by category order by category;

-- name: InspectionGet :one
select version_id, file_id, state, detector, unread, capped, inspected_at, held, held_by, held_at, decided_by, decided_at from pii_inspections where version_id = $1;

-- name: InspectionStore :execrows
insert into pii_inspections (organization_id, version_id, file_id, state, detector, unread, capped, inspected_at)
select app.org(), v.id, v.file_id, sqlc.arg(state)::text, sqlc.arg(detector)::text, sqlc.arg(unread)::text[], sqlc.arg(capped)::text[], now() from file_versions v where v.id = sqlc.arg(version_id)
on conflict (organization_id, version_id) do update set state = excluded.state, detector = excluded.detector, unread = excluded.unread, capped = excluded.capped, inspected_at = now();

-- name: InspectionAgain :execrows
update pii_inspections set state = 'pending', asked_at = null where version_id = $1;

-- name: InspectionHold :execrows
update pii_inspections set held = 'waiting', held_by = $2, held_at = now(), decided_by = null, decided_at = null where version_id = $1 and held = '';

-- name: InspectionDecide :execrows
update pii_inspections set held = sqlc.arg(held), decided_by = sqlc.narg(decided_by), decided_at = now() where version_id = sqlc.arg(version_id) and held = 'waiting';

-- name: InspectionsHeld :many
select i.file_id, i.version_id, i.state, i.unread, i.held_by, i.held_at::timestamptz as held_at, v.uploaded_by,
       (select coalesce(array_agg(distinct f.category order by f.category), '{}') from pii_findings f where f.version_id = i.version_id)::text[] as categories
  from pii_inspections i join file_versions v on v.id = i.version_id
 where i.held = 'waiting' and v.status = 'held' and i.version_id > sqlc.arg(after) order by i.version_id limit sqlc.arg(most);

-- The names of students and guardians. Names of staff are left out: they stand on most of what a
-- school writes.
-- name: RosterPeople :many
select user_id, display_name from people where state <> 'left' and kind in ('student', 'guardian') and display_name <> '' order by user_id limit $1;

-- name: RosterEmails :many
select user_id, email_hash from people where state <> 'left' and kind in ('student', 'guardian') and email_hash is not null order by user_id limit $1;

-- name: RosterState :one
select count(*)::bigint as people, coalesce(max(updated_at), 'epoch')::timestamptz as changed_at from people where kind in ('student', 'guardian');

-- name: VersionMark :exec
update file_versions set contains_pii = sqlc.narg(contains) where id = sqlc.arg(id);
