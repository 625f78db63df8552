-- name: ExportCleaned :exec
update exports set cleaned_at = now() where id = $1 and state in ('failed', 'removed') and cleaned_at is null;

-- name: ExportEnd :execrows
update exports set state = $2, updated_at = now() where id = $1 and state in ('running', 'ready');

-- name: ExportFinish :exec
update exports set state = 'ready', expires_at = now() + sqlc.arg(term)::interval, updated_at = now()
 where id = sqlc.arg(id) and state = 'running';

-- name: ExportGet :one
select id, state, created_at, expires_at from exports where id = $1;

-- name: ExportInsert :execrows
insert into exports (organization_id, id) values (app.org(), $1) on conflict (organization_id) where state = 'running' do nothing;

-- name: ExportInsertOf :execrows
insert into exports (organization_id, id, access_request_id) values (app.org(), sqlc.arg(id), sqlc.arg(request_id)::uuid) on conflict (organization_id) where state = 'running' do nothing;

-- Nil: it is of the whole organization.
-- name: ExportRequest :one
select coalesce(access_request_id, '00000000-0000-0000-0000-000000000000')::uuid as request_id from exports where id = $1;

-- name: ExportRunning :one
select id from exports where state = 'running';

-- name: ExportTouch :execrows
update exports set updated_at = now() where id = $1 and state = 'running';

-- Both lock the organization's row, so that its deletion does not begin before
-- the transaction ends.

-- name: OrganizationMayExport :one
select (status <> 'provisioning' and deletion_begun_at is null)::boolean as ready from organizations where id = app.org() for share;

-- name: OrganizationStays :one
select (deletion_begun_at is null)::boolean as stays from organizations where id = app.org() for share;

-- name: PartGet :one
select number, object_key as key, object_etag as etag, size, sha256, entries, files, missing, last_version as last, is_last
  from export_parts where export_id = $1 and number = $2;

-- name: PartInsert :exec
insert into export_parts (organization_id, export_id, number, object_key, object_etag, size, sha256, entries, files, missing, last_version, is_last)
values (app.org(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (organization_id, export_id, number) do nothing;

-- name: PartList :many
select number, object_key as key, object_etag as etag, size, sha256, entries, files, missing, last_version as last, is_last
  from export_parts where export_id = $1 order by number;
