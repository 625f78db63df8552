-- name: ConsentInsert :exec
insert into disclosure_consents (organization_id, id, student_id, file_ids, purpose, party, party_email, requested_by, expires_at)
values (app.org(), sqlc.arg(id), sqlc.arg(student_id), sqlc.arg(file_ids), sqlc.arg(purpose), sqlc.arg(party), sqlc.arg(party_email), sqlc.arg(requested_by), sqlc.arg(expires_at)::timestamptz);

-- How many of the files are records about the student.
-- name: ConsentRecords :one
select count(*)::bigint as n from unnest(sqlc.arg(file_ids)::uuid[]) f (id) where app.amendment_about(app.org(), f.id, sqlc.arg(student_id)::uuid);

-- name: ConsentGet :one
select c.id, c.student_id, c.file_ids, c.purpose, c.party, c.party_email, c.requested_by, c.requested_at, c.expires_at, c.signer_id, c.signer_name, c.method, c.evidence_file_id, c.evidence_sha256,
       c.signed_at, c.recorded_by, c.content_sha256, c.revoked_by, c.revoked_at,
       case when c.revoked_at is not null then 'revoked' when c.expires_at <= now() then 'expired' when c.signed_at is null then 'requested' else 'signed' end::text as state
  from disclosure_consents c where c.id = sqlc.arg(id);

-- name: ConsentList :many
select c.id, c.student_id, c.file_ids, c.purpose, c.party, c.party_email, c.requested_by, c.requested_at, c.expires_at, c.signer_id, c.signer_name, c.method, c.evidence_file_id, c.evidence_sha256,
       c.signed_at, c.recorded_by, c.content_sha256, c.revoked_by, c.revoked_at,
       case when c.revoked_at is not null then 'revoked' when c.expires_at <= now() then 'expired' when c.signed_at is null then 'requested' else 'signed' end::text as state
  from disclosure_consents c
 where (sqlc.narg(student_id)::uuid is null or c.student_id = sqlc.narg(student_id)::uuid) and (sqlc.narg(before)::uuid is null or c.id < sqlc.narg(before)::uuid)
 order by c.id desc limit sqlc.arg(most);

-- name: ConsentMine :one
select app.my_student(sqlc.arg(student_id)::uuid)::boolean as yes;

-- name: ConsentSign :execrows
update disclosure_consents set signer_id = sqlc.narg(signer_id), signer_name = sqlc.arg(signer_name), method = sqlc.arg(method), evidence_file_id = sqlc.narg(evidence_file_id),
       evidence_sha256 = sqlc.narg(evidence_sha256), signed_at = coalesce(sqlc.narg(signed_at)::timestamptz, now()), recorded_by = sqlc.arg(recorded_by)
 where id = sqlc.arg(id) and signed_at is null and revoked_at is null and expires_at > now();

-- name: ConsentRevoke :execrows
update disclosure_consents set revoked_by = sqlc.arg(revoked_by), revoked_at = now() where id = sqlc.arg(id) and revoked_at is null;

-- The published bytes of the form, as they are now.
-- name: ConsentEvidence :one
select v.sha256 from files f join file_versions v on v.organization_id = f.organization_id and v.id = f.current_id where f.id = sqlc.arg(file_id) and v.status = 'published';
