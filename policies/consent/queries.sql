-- name: SettingsGet :one
select coalesce(s.gate, 'pre_upload')::text as gate, s.youngest_grade, coalesce(s.hold_days, 14)::integer as hold_days,
       coalesce(s.own_webhooks, false)::boolean as own_webhooks, coalesce(s.own_webhooks_reason, '')::text as own_webhooks_reason
  from (values (1)) one left join coppa_settings s on true;

-- name: SettingsSet :exec
insert into coppa_settings (organization_id, gate, youngest_grade, hold_days, own_webhooks, own_webhooks_reason)
values (app.org(), sqlc.arg(gate), sqlc.narg(youngest_grade)::smallint, sqlc.arg(hold_days), sqlc.arg(own_webhooks), sqlc.arg(own_webhooks_reason))
on conflict (organization_id) do update set gate = excluded.gate, youngest_grade = excluded.youngest_grade, hold_days = excluded.hold_days,
    own_webhooks = excluded.own_webhooks, own_webhooks_reason = excluded.own_webhooks_reason, updated_at = now();

-- What is known of ages without a row of a person is another one from here on.
-- name: Ages :one
select app.consent_ages(app.org())::bigint as unmarked;

-- name: AgreementInsert :exec
insert into agreements (organization_id, id, signer, authority, purpose, covers, contact, notice_sent_at, expires_at, recorded_by)
values (app.org(), sqlc.arg(id), sqlc.arg(signer), sqlc.arg(authority), sqlc.arg(purpose), sqlc.arg(covers), sqlc.arg(contact), sqlc.arg(notice_sent_at)::timestamptz, sqlc.arg(expires_at)::timestamptz, sqlc.arg(recorded_by)::uuid);

-- name: AgreementGet :one
select id, origin, signer, authority, purpose, covers, contact, notice_sent_at, starts_at, expires_at, ended_at, recorded_by, created_at
  from agreements where id = sqlc.arg(id);

-- name: AgreementList :many
select id, origin, signer, authority, purpose, covers, contact, notice_sent_at, starts_at, expires_at, ended_at, recorded_by, created_at
  from agreements where id > sqlc.arg(after) order by id limit sqlc.arg(most);

-- name: AgreementEnd :execrows
update agreements set ended_at = now() where id = sqlc.arg(id) and ended_at is null;

-- Ends one whose time is over, and says whether none is left.
-- name: AgreementExpire :one
update agreements a set ended_at = now() where a.id = sqlc.arg(id) and a.ended_at is null and a.expires_at < now()
returning (not exists (select from agreements b where b.id <> a.id and b.ended_at is null and b.expires_at > now()))::boolean as last;

-- Notes that one ends soon, and says whether none counts for longer.
-- name: AgreementWarn :one
update agreements a set warned_at = now() where a.id = sqlc.arg(id) and a.ended_at is null and a.warned_at is null and a.expires_at < now() + interval '30 days'
returning (not exists (select from agreements b where b.ended_at is null and b.expires_at > now() + interval '30 days'))::boolean as last;

-- name: SubprocessorInsert :exec
insert into subprocessors (organization_id, id, kind, name, purpose, categories, location, assurance_file_id, assurance_sha256, recorded_by)
values (app.org(), sqlc.arg(id), sqlc.arg(kind), sqlc.arg(name), sqlc.arg(purpose), sqlc.arg(categories), sqlc.arg(location), sqlc.arg(assurance_file_id), sqlc.arg(assurance_sha256), sqlc.arg(recorded_by));

-- The published version of a file that is to hold an assurance, as the actor sees it.
-- name: AssuranceFile :one
select v.sha256::text as sha256 from version_view v
 where v.file_id = sqlc.arg(file_id) and v.version_id = v.shown_id and v.status = 'published' and v.trashed_at is null;

-- name: SubprocessorGet :one
select id, kind, name, purpose, categories, location, assurance_file_id, assurance_sha256, since, until from subprocessors where id = sqlc.arg(id);

-- name: SubprocessorList :many
select id, kind, name, purpose, categories, location, assurance_file_id, assurance_sha256, since, until from subprocessors
 where id > sqlc.arg(after) order by id limit sqlc.arg(most);

-- name: SubprocessorEnd :execrows
update subprocessors set until = now() where id = sqlc.arg(id) and until is null;

-- name: SubprocessorsPublic :many
select s.kind::text as kind, s.name::text as name, s.purpose::text as purpose, s.categories::text as categories, s.location::text as location, s.since::timestamptz as since
  from app.subprocessors_public(sqlc.arg(organization)::uuid) s;

-- name: Assured :one
select app.assured(app.org(), sqlc.arg(kind)::text)::boolean as assured;

-- Decisions about one child follow each other: of two that pass at once, the looser one could
-- be applied last.
-- name: ChildLock :exec
select pg_advisory_xact_lock(app.consent_key(app.org(), sqlc.arg(child_id)::uuid));

-- name: DecisionInsert :exec
insert into consent_decisions (organization_id, id, child_id, guardian_id, kind, method, scopes, evidence_file_id, evidence_sha256, recorded_by)
values (app.org(), sqlc.arg(id), sqlc.arg(child_id), sqlc.narg(guardian_id)::uuid, sqlc.arg(kind), sqlc.arg(method), sqlc.arg(scopes)::text[], sqlc.narg(evidence_file_id)::uuid, sqlc.narg(evidence_sha256), sqlc.arg(recorded_by)::uuid);

-- name: DecisionGet :one
select id, child_id, guardian_id, kind, method, scopes, evidence_file_id, evidence_sha256, recorded_by, at from consent_decisions where id = sqlc.arg(id);

-- name: DecisionList :many
select id, child_id, guardian_id, kind, method, scopes, evidence_file_id, evidence_sha256, recorded_by, at from consent_decisions
 where child_id = sqlc.arg(child_id) and id > sqlc.arg(after) order by id limit sqlc.arg(most);

-- Whether somebody is a student here, and whether the other is a guardian of theirs, or was asked
-- for consent as one.
-- name: ChildKnown :one
select (exists (select from people p where p.user_id = sqlc.arg(child_id)::uuid and p.kind = 'student')
        or exists (select from members m where m.user_id = sqlc.arg(child_id)::uuid and m.role = 'student'))::boolean as student,
       (sqlc.narg(guardian_id)::uuid is null
        or exists (select from guardianships g where g.student_id = sqlc.arg(child_id)::uuid and g.parent_id = sqlc.narg(guardian_id)::uuid)
        or exists (select from consent_requests r where r.child_id = sqlc.arg(child_id)::uuid and r.guardian_id = sqlc.narg(guardian_id)::uuid))::boolean as guardian;

-- name: ChildState :one
select app.is_child_at(app.org(), sqlc.arg(child_id)::uuid, now())::boolean as is_child, app.rights_holder_at(app.org(), sqlc.arg(child_id)::uuid, now())::text as rights_holder,
       b.basis::text as basis, b.rule::text as rule, coalesce((select p.age_source from people p where p.user_id = sqlc.arg(child_id)::uuid), 'unknown')::text as age_source
  from app.consent_basis(app.org(), sqlc.arg(child_id)::uuid) b;

-- name: Apply :one
select a.held::bigint as held, a.released::bigint as released from app.consent_apply(app.org(), sqlc.arg(child_id)::uuid) a;

-- name: ApplyAll :one
select a.held::bigint as held, a.released::bigint as released from app.consent_apply_all(app.org()) a;

-- name: AgeOut :execrows
update people set aged_out_at = now() where user_id = sqlc.arg(user_id) and aged_out_at is null and thirteen_from <= now();

-- name: HeldTooLong :one
select exists (select from files where id = sqlc.arg(file_id) and held_since is not null and held_until < now())::boolean as held;

-- name: MatrixList :many
select m.method::text as method, m.action::text as action, m.permits::text as permits, m.rule::text as rule from app.consent_matrix() m;

-- name: MethodList :many
select m.method::text as method, m.strength::text as strength, m.rule::text as rule, m.ships::boolean as ships from app.consent_methods() m;
