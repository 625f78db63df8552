-- Published files of one folder, for measurements of long lists: no object belongs to them.
set session_replication_role = replica;
create temporary table made as select n,
    (lpad(to_hex(1700000000000 + n * 60000::bigint), 12, '0') || '7' || substr(md5(:'folder' || n), 1, 3) || '8' || substr(md5(:'folder' || n), 4, 15))::uuid as id,
    1000 + ('x' || substr(md5(n::text), 1, 5))::bit(20)::integer as size,
    timestamptz '2026-01-05' + n * interval '20 minutes' as at
  from generate_series(1, :count::integer) n;
insert into files (organization_id, id, space_id, folder_id, name, uploaded_by, status, head_id, current_id, shown_size, shown_type, created_at, updated_at)
  select :'org', id, :'space', :'folder', 'essay ' || n || ' about leaves and roots.txt', :'owner', 'published', id, id, size, 'text/plain', at, at from made on conflict do nothing;
insert into file_versions (organization_id, id, file_id, number, status, size, mime_type, sha256, scan_sha256, scan_verdict, scanned_at, published_at, object_etag, used_bytes, uploaded_by, received_at, preview, created_at, updated_at)
  select :'org', id, id, 1, 'published', size, 'text/plain', repeat('0', 64), repeat('0', 64), 'clean', at, at, 'e', size, :'owner', at, 'none', at, at from made on conflict do nothing;
insert into version_steps (organization_id, version_id, name, state, ended_at)
  select :'org', id, 'scan', 'done', at from made on conflict do nothing;
vacuum analyze files, file_versions, version_steps;
