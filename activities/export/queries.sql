-- Each query gives rows of the organization as JSON objects and a key of each,
-- in the order of the key, behind the given key. No object holds a secret: the
-- hashes of keys and tokens are left out.

-- name: FilePage :many
select f.id::text as key, json_build_object('id', f.id, 'name', f.name, 'description', f.description, 'category', f.category,
       'uploaded_by', f.uploaded_by, 'status', f.status, 'trashed_at', f.trashed_at, 'created_at', f.created_at, 'updated_at', f.updated_at,
       'versions', (select json_agg(json_build_object('id', v.id, 'number', v.number, 'status', v.status, 'status_reason', v.status_reason,
           'change_description', v.change_description, 'size', v.size, 'mime_type', v.mime_type, 'sha256', v.sha256, 'scan_verdict', v.scan_verdict,
           'scan_signature', v.scan_signature, 'scan_engine', v.scan_engine, 'scan_database', v.scan_database, 'scanned_at', v.scanned_at,
           'contains_pii', v.contains_pii, 'width', v.width, 'height', v.height, 'uploaded_by', v.uploaded_by,
           'created_at', v.created_at, 'published_at', v.published_at) order by v.number)
           from file_versions v where v.organization_id = f.organization_id and v.file_id = f.id))::json as data
  from files f where f.id > sqlc.arg(after)::text::uuid order by f.id limit sqlc.arg(most);

-- name: GuardianPage :many
select (g.parent_id || '/' || g.student_id)::text as key, json_build_object('parent_id', g.parent_id, 'student_id', g.student_id,
       'created_by', g.created_by, 'created_at', g.created_at)::json as data
  from guardianships g
 where (g.parent_id, g.student_id) > (split_part(sqlc.arg(after)::text, '/', 1)::uuid, split_part(sqlc.arg(after)::text, '/', 2)::uuid)
 order by g.parent_id, g.student_id limit sqlc.arg(most);

-- name: InvitationPage :many
select i.id::text as key, json_build_object('id', i.id, 'email', i.email, 'role', i.role, 'state', i.state, 'delivery', i.delivery,
       'invited_by', i.invited_by, 'accepted_by', i.accepted_by, 'created_at', i.created_at, 'sent_at', i.sent_at, 'expires_at', i.expires_at,
       'ended_at', i.ended_at)::json as data
  from invitations i where i.id > sqlc.arg(after)::text::uuid order by i.id limit sqlc.arg(most);

-- name: KeyPage :many
select k.id::text as key, json_build_object('id', k.id, 'user_id', k.user_id, 'name', k.name, 'role', k.role, 'scopes', k.scopes,
       'last4', k.last4, 'created_by', k.created_by, 'created_at', k.created_at, 'expires_at', k.expires_at, 'last_used_at', k.last_used_at,
       'revoked_at', k.revoked_at)::json as data
  from api_keys k where k.id > sqlc.arg(after)::text::uuid order by k.id limit sqlc.arg(most);

-- name: LoginRulePage :many
select r.id::text as key, json_build_object('id', r.id, 'issuer', r.issuer, 'tenant_claim', r.tenant_claim, 'tenant_value', r.tenant_value,
       'person_claim', r.person_claim, 'may_verify_email', r.may_verify_email, 'may_verify_username', r.may_verify_username, 'jit_role', r.jit_role,
       'created_by', r.created_by, 'created_at', r.created_at, 'confirmed_at', r.confirmed_at)::json as data
  from login_rules r where r.id > sqlc.arg(after)::text::uuid order by r.id limit sqlc.arg(most);

-- name: MemberPage :many
select m.user_id::text as key, json_build_object('user_id', m.user_id, 'role', m.role, 'service_account', m.service,
       'logins', (select coalesce(json_agg(json_build_object('issuer', l.issuer, 'subject', l.subject) order by l.issuer, l.subject), '[]')
          from logins l where l.user_id = m.user_id), 'created_at', m.created_at)::json as data
  from members m where m.user_id > sqlc.arg(after)::text::uuid order by m.user_id limit sqlc.arg(most);

-- name: PersonPage :many
select p.user_id::text as key, json_build_object('user_id', p.user_id, 'kind', p.kind, 'display_name', p.display_name, 'grade', p.grade,
       'source_id', p.source_id, 'sourced_id', p.sourced_id, 'identifiers', p.identifiers, 'state', p.state, 'since', p.since, 'leaves_at', p.leaves_at,
       'thirteen_from', p.thirteen_from, 'adult_from', p.adult_from, 'set_by_hand', p.set_by_hand, 'created_at', p.created_at, 'updated_at', p.updated_at,
       'logins', (select coalesce(json_agg(json_build_object('issuer', l.issuer, 'subject', l.subject, 'linked_via', l.linked_via, 'linked_at', l.linked_at)
          order by l.issuer, l.subject), '[]') from logins l where l.user_id = p.user_id))::json as data
  from people p where p.user_id > sqlc.arg(after)::text::uuid order by p.user_id limit sqlc.arg(most);

-- name: UsagePage :many
select d.day::text as key, json_build_object('day', d.day, 'uploads', d.uploads, 'bytes_in', d.bytes_in, 'bytes_out', d.bytes_out,
       'downloads', d.downloads, 'scans', d.scans, 'renditions', d.renditions, 'jobs', d.jobs, 'active_users', d.active_users,
       'stored_bytes', d.stored_bytes)::json as data
  from usage_days d where d.day > sqlc.arg(after)::text::date order by d.day limit sqlc.arg(most);
