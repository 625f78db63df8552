-- Each query gives rows of the organization as JSON objects and a key of each,
-- in the order of the key, behind the given key. No object holds a secret: the
-- hashes of keys and tokens are left out.

-- name: ClassPage :many
select c.id::text as key, json_build_object('id', c.id, 'title', c.title, 'code', c.code, 'school_id', c.school_id, 'term_ids', c.term_ids, 'state', c.state,
       'source_id', c.source_id, 'sourced_id', c.sourced_id, 'set_by_hand', c.set_by_hand, 'created_at', c.created_at, 'updated_at', c.updated_at,
       'members', (select coalesce(json_agg(json_build_object('user_id', m.user_id, 'origin', m.origin, 'role', m.role, 'primary_teacher', m.primary_teacher,
           'begins_at', m.begins_at, 'ends_at', m.ends_at, 'removed_by', m.removed_by, 'sourced_id', m.sourced_id) order by m.user_id, m.origin), '[]')
           from class_members m where m.organization_id = c.organization_id and m.class_id = c.id))::json as data
  from classes c where c.id > sqlc.arg(after)::text::uuid order by c.id limit sqlc.arg(most);

-- name: FolderPage :many
select d.id::text as key, json_build_object('id', d.id, 'space_id', d.space_id, 'parent_id', d.parent_id, 'name', d.name, 'mode', d.mode,
       'instructions', d.instructions, 'opens_at', d.opens_at, 'due_at', d.due_at, 'closes_at', d.closes_at, 'accepted', d.accepted,
       'created_by', d.created_by, 'created_at', d.created_at, 'updated_at', d.updated_at,
       'links', (select coalesce(json_agg(json_build_object('space_id', l.space_id, 'level', l.level, 'starts_at', l.starts_at, 'ends_at', l.ends_at,
           'added_by', l.added_by) order by l.space_id, l.share_id), '[]') from folder_links l where l.organization_id = d.organization_id and l.folder_id = d.id),
       'hand_ins', (select coalesce(json_agg(json_build_object('student_id', h.student_id, 'handed_in_at', h.handed_in_at, 'returned_at', h.returned_at,
           'returned_by', h.returned_by, 'note', h.note) order by h.student_id), '[]')
           from hand_ins h where h.organization_id = d.organization_id and h.folder_id = d.id))::json as data
  from folders d where d.id > sqlc.arg(after)::text::uuid order by d.id limit sqlc.arg(most);

-- name: SchoolPage :many
select s.id::text as key, json_build_object('id', s.id, 'name', s.name, 'source_id', s.source_id, 'sourced_id', s.sourced_id, 'created_at', s.created_at)::json as data
  from schools s where s.id > sqlc.arg(after)::text::uuid order by s.id limit sqlc.arg(most);

-- name: SharePage :many
select s.id::text as key, json_build_object('id', s.id, 'kind', s.kind, 'permission', s.permission, 'file_id', s.file_id, 'folder_id', s.folder_id, 'space_id', s.space_id,
       'version_id', s.version_id, 'label', s.label, 'has_password', s.has_password, 'starts_at', s.starts_at, 'expires_at', s.expires_at,
       'max_downloads', s.max_downloads, 'downloads', s.downloads, 'max_files', s.max_files, 'max_bytes', s.max_bytes, 'accepted', s.accepted,
       'dropped_files', s.dropped_files, 'dropped_bytes', s.dropped_bytes, 'ended_at', s.ended_at, 'ended_reason', s.ended_reason, 'ended_by', s.ended_by,
       'created_by', s.created_by, 'created_at', s.created_at, 'updated_at', s.updated_at,
       'recipients', (select coalesce(json_agg(json_build_object('id', r.id, 'user_id', r.user_id, 'class_id', r.class_id, 'email', r.email, 'name', r.name,
           'verified_at', r.verified_at, 'delivery', r.delivery, 'sent_at', r.sent_at, 'ended_at', r.ended_at) order by r.id), '[]')
           from share_recipients r where r.organization_id = s.organization_id and r.share_id = s.id),
       'accesses', (select coalesce(json_agg(json_build_object('recipient_id', a.recipient_id, 'file_id', a.file_id, 'what', a.what, 'outcome', a.outcome,
           'code', a.code, 'at', a.at) order by a.id), '[]')
           from share_accesses a where a.organization_id = s.organization_id and a.share_id = s.id))::json as data
  from shares s where s.id > sqlc.arg(after)::text::uuid order by s.id limit sqlc.arg(most);

-- name: DisclosureRulePage :many
select (r.way || '/' || r.class)::text as key, json_build_object('way', r.way, 'class', r.class, 'allowed', r.allowed, 'rule', r.rule, 'updated_at', r.updated_at)::json as data
  from disclosure_rules r where r.way || '/' || r.class > sqlc.arg(after)::text order by r.way || '/' || r.class limit sqlc.arg(most);

-- name: RecordPage :many
select f.id::text as key, json_build_object('file_id', f.id, 'class', c.class, 'reason', c.reason, 'categories', c.categories, 'decided_by', c.decided_by, 'decided_at', c.decided_at,
       'students', (select coalesce(json_agg(s.student_id order by s.student_id), '[]') from record_students s where s.file_id = f.id))::json as data
  from files f left join record_classes c on c.file_id = f.id
 where f.id > sqlc.arg(after)::text::uuid and (c.file_id is not null or exists (select from record_students s where s.file_id = f.id)) order by f.id limit sqlc.arg(most);

-- name: DisclosurePage :many
select d.id::text as key, json_build_object('id', d.id, 'file_id', d.file_id, 'at', d.at, 'way', d.way, 'outcome', d.outcome, 'class', d.class, 'rule', d.rule, 'basis', d.basis,
       'interest', d.interest, 'party', d.party, 'share_id', d.share_id, 'recipient_id', d.recipient_id, 'actor_id', d.actor_id, 'recordable', d.recordable,
       'students', (select coalesce(json_agg(s.student_id order by s.student_id), '[]') from disclosure_students s where s.disclosure_id = d.id))::json as data
  from disclosures d where d.id > sqlc.arg(after)::text::uuid order by d.id limit sqlc.arg(most);

-- name: OptOutPage :many
select (o.student_id || '/' || o.holder_id)::text as key, json_build_object('student_id', o.student_id, 'holder_id', o.holder_id, 'opted_out', o.opted_out, 'recorded_by', o.recorded_by,
       'at', o.at)::json as data
  from directory_opt_outs o where o.student_id || '/' || o.holder_id > sqlc.arg(after)::text order by o.student_id || '/' || o.holder_id limit sqlc.arg(most);

-- name: AmendmentPage :many
select a.id::text as key, json_build_object('id', a.id, 'file_id', a.file_id, 'student_id', a.student_id, 'requester_id', a.requester_id, 'what', a.what, 'state', a.state, 'since', a.since,
       'due_at', a.due_at, 'requested_at', a.requested_at, 'reason', a.reason, 'hearing_at', a.hearing_at, 'hearing_place', a.hearing_place, 'hearing_officer', a.hearing_officer,
       'decision', a.decision, 'ended_by', a.ended_by, 'ended_at', a.ended_at, 'statement', s.statement, 'statement_at', s.at)::json as data
  from amendments a left join record_statements s on s.amendment_id = a.id where a.id > sqlc.arg(after)::text::uuid order by a.id limit sqlc.arg(most);

-- name: DisclosureConsentPage :many
select c.id::text as key, json_build_object('id', c.id, 'student_id', c.student_id, 'file_ids', c.file_ids, 'purpose', c.purpose, 'party', c.party, 'party_email', c.party_email,
       'requested_by', c.requested_by, 'requested_at', c.requested_at, 'expires_at', c.expires_at, 'signer_id', c.signer_id, 'signer_name', c.signer_name, 'method', c.method,
       'evidence_file_id', c.evidence_file_id, 'evidence_sha256', c.evidence_sha256, 'signed_at', c.signed_at, 'recorded_by', c.recorded_by, 'content_sha256', c.content_sha256,
       'revoked_by', c.revoked_by, 'revoked_at', c.revoked_at)::json as data
  from disclosure_consents c where c.id > sqlc.arg(after)::text::uuid order by c.id limit sqlc.arg(most);

-- name: SourcePage :many
select s.id::text as key, json_build_object('id', s.id, 'name', s.name, 'kind', s.kind, 'adds_only', s.adds_only, 'created_by', s.created_by,
       'created_at', s.created_at)::json as data
  from roster_sources s where s.id > sqlc.arg(after)::text::uuid order by s.id limit sqlc.arg(most);

-- name: SpacePage :many
select s.id::text as key, json_build_object('id', s.id, 'kind', s.kind, 'name', s.name, 'class_id', s.class_id, 'owner_id', s.owner_id, 'about_id', s.about_id,
       'state', s.state, 'trash_days', s.trash_days, 'created_by', s.created_by, 'created_at', s.created_at, 'updated_at', s.updated_at,
       'grants', (select coalesce(json_agg(json_build_object('user_id', g.user_id, 'level', g.level, 'via', g.via, 'reason', g.reason, 'given_by', g.given_by,
           'approved_by', g.approved_by, 'begins_at', g.begins_at, 'ends_at', g.ends_at,
           'review', (select json_build_object('decision', r.decision, 'note', r.note, 'reviewed_by', r.reviewed_by, 'reviewed_at', r.reviewed_at, 'due_at', r.due_at)
               from break_glass_reviews r where r.organization_id = g.organization_id and r.grant_id = g.id)) order by g.id), '[]')
           from space_grants g where g.organization_id = s.organization_id and g.space_id = s.id))::json as data
  from spaces s where s.id > sqlc.arg(after)::text::uuid order by s.id limit sqlc.arg(most);

-- name: TermPage :many
select t.id::text as key, json_build_object('id', t.id, 'title', t.title, 'starts_on', t.starts_on, 'ends_on', t.ends_on, 'source_id', t.source_id,
       'sourced_id', t.sourced_id)::json as data
  from terms t where t.id > sqlc.arg(after)::text::uuid order by t.id limit sqlc.arg(most);

-- name: FilePage :many
select f.id::text as key, json_build_object('id', f.id, 'name', f.name, 'description', f.description, 'category', f.category,
       'uploaded_by', f.uploaded_by, 'status', f.status, 'trashed_at', f.trashed_at, 'created_at', f.created_at, 'updated_at', f.updated_at,
       'space_id', f.space_id, 'folder_id', f.folder_id, 'staff_only', f.needs > 1, 'subject_id', f.subject_id, 'handed_in_at', f.handed_in_at,
       'links', (select coalesce(json_agg(json_build_object('space_id', l.space_id, 'level', l.level, 'starts_at', l.starts_at, 'ends_at', l.ends_at,
           'added_by', l.added_by) order by l.space_id, l.share_id), '[]') from file_links l where l.organization_id = f.organization_id and l.file_id = f.id),
       'starred_by', (select coalesce(json_agg(s.user_id order by s.user_id), '[]') from stars s where s.organization_id = f.organization_id and s.file_id = f.id),
       'tags', (select coalesce(json_agg(t.tag order by t.tag_folded), '[]') from file_tags t where t.organization_id = f.organization_id and t.file_id = f.id),
       'versions', (select json_agg(json_build_object('id', v.id, 'number', v.number, 'name', v.file_name, 'status', v.status, 'status_reason', v.status_reason,
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

-- Of the records of a request for access, those that are in its package. The version is the one
-- that was collected and reviewed, and not one that came after the release.
-- name: RequestVersionPage :many
select v.id, v.file_id, v.number, v.size, v.sha256, v.object_etag, v.published_at, f.name from access_request_files a
  join files f on f.organization_id = a.organization_id and f.id = a.file_id
  join file_versions v on v.organization_id = f.organization_id and v.id = coalesce(a.version_id, f.current_id)
 where a.request_id = sqlc.arg(request_id) and a.decision = 'include' and v.id > sqlc.arg(after) and v.status = 'published' and f.trashed_at is null order by v.id limit sqlc.arg(most);

-- name: RequestRow :one
select json_build_object('id', r.id, 'student_id', r.student_id, 'requester_id', r.requester_id, 'note', r.note, 'received_at', r.received_at, 'due_at', r.due_at,
       'verified_at', r.verified_at, 'verified_how', r.verified_how, 'released_at', r.released_at, 'organization', (select o.name from organizations o where o.id = r.organization_id),
       'withheld', (select count(*) from access_request_files a where a.request_id = r.id and a.decision = 'withhold'))::json as data
  from access_requests r where r.id = sqlc.arg(request_id);

-- What is in the package, and of what is withheld that it is, with the reason.
-- name: RequestFilePage :many
select a.file_id::text as key, json_build_object('file_id', a.file_id, 'decision', a.decision, 'reason', a.reason,
       'name', case a.decision when 'include' then f.name end, 'category', case a.decision when 'include' then f.category end, 'created_at', f.created_at,
       'class', app.record_class(a.organization_id, a.file_id), 'mime_type', v.mime_type, 'size', v.size, 'sha256', v.sha256, 'version_id', v.id, 'number', v.number)::json as data
  from access_request_files a join files f on f.organization_id = a.organization_id and f.id = a.file_id
  left join file_versions v on v.organization_id = f.organization_id and v.id = coalesce(a.version_id, f.current_id)
 where a.request_id = sqlc.arg(request_id) and a.file_id > sqlc.arg(after)::text::uuid order by a.file_id limit sqlc.arg(most);

-- name: RequestFindingPage :many
select (p.version_id || '/' || lpad(p.number::text, 9, '0'))::text as key, json_build_object('file_id', i.file_id, 'version_id', p.version_id, 'category', p.category, 'part', p.part,
       'part_number', p.part_number, 'cell', p.cell, 'line', p.line, 'score', p.score, 'masked', p.masked)::json as data
  from access_request_files a join files f on f.organization_id = a.organization_id and f.id = a.file_id
  join pii_inspections i on i.organization_id = f.organization_id and i.version_id = coalesce(a.version_id, f.current_id)
  join pii_findings p on p.organization_id = i.organization_id and p.version_id = i.version_id
 where a.request_id = sqlc.arg(request_id) and a.decision = 'include' and p.version_id || '/' || lpad(p.number::text, 9, '0') > sqlc.arg(after)::text order by 1 limit sqlc.arg(most);

-- What the student's side says about a record that is in the package (34 CFR 99.21(c)); what others
-- say about theirs is not for who asked (99.12(a)).
-- name: RequestStatementPage :many
select s.amendment_id::text as key, json_build_object('file_id', s.file_id, 'amendment_id', s.amendment_id, 'statement', s.statement, 'at', s.at)::json as data
  from access_requests r join access_request_files a on a.organization_id = r.organization_id and a.request_id = r.id and a.decision = 'include'
  join record_statements s on s.organization_id = a.organization_id and s.file_id = a.file_id and s.student_id = r.student_id
 where r.id = sqlc.arg(request_id) and s.amendment_id > sqlc.arg(after)::text::uuid order by s.amendment_id limit sqlc.arg(most);

-- Consents to disclosures of the student's records.
-- name: RequestConsentPage :many
select c.id::text as key, json_build_object('id', c.id, 'file_ids', c.file_ids, 'purpose', c.purpose, 'party', c.party, 'requested_at', c.requested_at, 'expires_at', c.expires_at,
       'signer_name', c.signer_name, 'method', c.method, 'signed_at', c.signed_at, 'content_sha256', c.content_sha256, 'revoked_at', c.revoked_at)::json as data
  from access_requests r join disclosure_consents c on c.organization_id = r.organization_id and c.student_id = r.student_id
 where r.id = sqlc.arg(request_id) and c.id > sqlc.arg(after)::text::uuid order by c.id limit sqlc.arg(most);

-- Disclosures that told of the student, of any file, without the ids of other students.
-- name: RequestDisclosurePage :many
select d.id::text as key, json_build_object('id', d.id, 'file_id', d.file_id, 'at', d.at, 'way', d.way, 'outcome', d.outcome, 'class', d.class, 'rule', d.rule, 'basis', d.basis,
       'interest', d.interest, 'party', d.party, 'recordable', d.recordable)::json as data
  from access_requests r join disclosure_students s on s.organization_id = r.organization_id and s.student_id = r.student_id
  join disclosures d on d.organization_id = s.organization_id and d.id = s.disclosure_id
 where r.id = sqlc.arg(request_id) and d.id > sqlc.arg(after)::text::uuid order by d.id limit sqlc.arg(most);
