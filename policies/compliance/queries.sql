-- What the checks of a report ask. Each count ends at 10000, so that a report of a large
-- organization takes no pass over all of its files; 10000 says that many, or more.

-- name: ChildFacts :one
select (select count(*) from (
            select from (select p.user_id from people p where p.kind = 'student' and (p.thirteen_from is null or p.thirteen_from > now())
                         union select m.user_id from members m where m.role = 'student' and not exists (select from people p where p.user_id = m.user_id)) s
             where app.is_child_at(app.org(), s.user_id, now()) limit 10000) x)::bigint as children,
       (select count(*) from (
            select from people p where p.kind = 'student' and p.age_source = 'unknown'
            union all select from members m where m.role = 'student' and not exists (select from people p where p.user_id = m.user_id) limit 10000) x)::bigint as ages_unknown,
       exists (select from coppa_settings c where c.youngest_grade is not null)::boolean as grade_declared,
       coalesce((select c.gate from coppa_settings c), 'pre_upload')::text as gate,
       (select count(*) from (select from files f where f.child_id is not null limit 10000) x)::bigint as files_of_children,
       (select count(*) from (select from files f where f.child_id is not null and f.legal_basis = 'parental_consent' limit 10000) x)::bigint as files_by_parents,
       (select count(*) from (select from files f where f.child_id is not null and f.legal_basis = 'school_authorization' limit 10000) x)::bigint as files_by_school,
       (select count(*) from (select from files f where f.child_id is not null and f.legal_basis = '' and f.held_since is null limit 10000) x)::bigint as files_without_basis,
       (select count(*) from (select from files f where f.held_since is not null limit 10000) x)::bigint as files_held,
       (select count(*) from (select from files f where f.held_until < now() - interval '2 days' and not app.on_hold(f) limit 10000) x)::bigint as files_held_too_long,
       (select count(*) from (
            select from files f where f.held_since is null and f.legal_basis not in ('', 'not_pi')
               and f.child_id in (select d.child_id from (select distinct c.child_id from consent_decisions c where c.kind in ('deny', 'revoke')) d
                                   where exists (select from app.consent_basis(app.org(), d.child_id) b where b.rule = '16 CFR 312.6(a)(2)')) limit 10000) x)::bigint as files_refused;

-- name: ConsentFacts :one
select (select count(*) from agreements a where a.origin = 'recorded' and a.ended_at is null and a.expires_at > now())::bigint as agreements,
       (select count(*) from agreements a where a.origin <> 'recorded' and a.ended_at is null and a.expires_at > now())::bigint as agreements_assumed,
       exists (select from agreements a where a.origin = 'recorded' and a.ended_at is null and a.expires_at > now() + interval '30 days')::boolean as agreement_lasts,
       (select count(*) from agreements a where a.ended_at is null and a.expires_at > now() and a.contact <> '')::bigint as contacts,
       (select count(*) from (select from consent_decisions d limit 10000) x)::bigint as decisions,
       (select count(*) from consent_notices)::bigint as notices,
       (select count(*) from (select from consent_requests limit 10000) x)::bigint as requests,
       (select count(*) from (select from consent_requests r where r.state = 'granted' limit 10000) x)::bigint as granted,
       (select count(*) from (select from consent_requests r where r.state = 'reconsent_required' limit 10000) x)::bigint as reconsent,
       (select count(*) from (select from consent_requests r where r.state = 'undeliverable' limit 10000) x)::bigint as undeliverable,
       (select count(*) from (select from consent_requests r where r.state = 'provisional' and r.confirm_at < now() - interval '1 day' limit 10000) x)::bigint as confirmations_late,
       (select count(*) from (select from consent_requests r where r.state in ('required', 'notice_pending', 'requested', 'undeliverable') and r.expires_at < now() - interval '1 day' limit 10000) x)::bigint as requests_late,
       (select count(*) from (select from consent_requests r where r.ended_at is not null and r.contact_sealed is not null limit 10000) x)::bigint as addresses_kept,
       (select count(*) from app.consent_matrix() m join app.consent_methods() t on t.method = m.method
         where t.strength = 'plus' and m.action in ('link', 'outside_person', 'connector', 'model', 'train') and m.permits <> 'no')::bigint as weak_disclosures,
       (select count(*) from (select from disclosures d where d.outcome = 'refused' and d.rule like '16 CFR 312%' limit 10000) x)::bigint as disclosures_refused;

-- name: ServiceFacts :one
select (select count(*) from webhooks w where w.state = 'active')::bigint as webhooks, app.assured(app.org(), 'webhook')::boolean as webhooks_assured,
       (select count(*) from roblox_connections r where r.state = 'active')::bigint as connections, app.assured(app.org(), 'roblox')::boolean as connections_assured,
       coalesce((select p.generation and cardinality(array_remove(p.generation_providers, 'extractive')) > 0 from organization_policies p), false)::boolean as models,
       app.assured(app.org(), 'model')::boolean as models_assured,
       (select count(*) from subprocessors s where s.until is null)::bigint as subprocessors,
       (select count(*) from subprocessors s where s.until is null
           and not exists (select from files f where f.id = s.assurance_file_id and f.trashed_at is null))::bigint as assurances_missing;

-- name: RetentionFacts :one
select (select count(*) from retention_policies)::bigint as policies,
       (select count(*) from retention_policies r where r.children)::bigint as policies_of_children,
       (select count(*) from retention_policies r where r.children and r.days is null)::bigint as policies_without_days,
       case when exists (select from retention_policies r where r.children and r.category = '') then 0
            else (select count(*) from (select from files f where f.child_id is not null
                     and not exists (select from retention_policies r where r.children and r.category = f.category) limit 10000) x) end::bigint as files_without_policy,
       (select count(*) from (select from retention_reviews r where r.state = 'waiting' limit 10000) x)::bigint as reviews,
       (select count(*) from (select from retention_reviews r where r.state = 'waiting' and r.due_at < now() - interval '30 days' limit 10000) x)::bigint as reviews_late,
       (select count(*) from holds h where h.released_at is null)::bigint as holds;

-- name: PersonalFacts :one
select coalesce((select p.pii_policy from organization_policies p), 'label')::text as policy,
       (select count(*) from (select from pii_inspections i where i.state = 'found' limit 10000) x)::bigint as found,
       (select count(*) from (select from pii_inspections i where i.state = 'none' limit 10000) x)::bigint as none,
       (select count(*) from (select from pii_inspections i where i.state = 'uninspectable' limit 10000) x)::bigint as uninspectable,
       (select count(*) from (select from pii_inspections i join file_versions v on v.id = i.version_id
                               where i.state = 'pending' and v.created_at < now() - interval '1 day' limit 10000) x)::bigint as late,
       (select count(*) from (select from pii_inspections i where i.held = 'waiting' limit 10000) x)::bigint as waiting;

-- name: RecordFacts :one
select (select count(*) from (select from record_classes limit 10000) x)::bigint as classified,
       (select count(*) from (select from disclosures d where d.outcome = 'disclosed' limit 10000) x)::bigint as disclosed,
       (select count(*) from (select from disclosures d where d.outcome = 'refused' limit 10000) x)::bigint as refused,
       (select count(*) from (select from shares s where s.ended_at is null and s.expires_at > now() and (s.disclosure_basis = '' or s.disclosure_interest = '')
                                 and (s.kind = 'link' or exists (select from share_recipients r where r.share_id = s.id and r.outside and r.ended_at is null))
                                 and exists (select from files f where f.id = s.file_id and app.disclosure_class(f.organization_id, f.id, null, null) = 'education_record') limit 10000) x)::bigint as shares_without_basis,
       (select count(*) from (select from shares s where s.ended_at is null and s.expires_at > now() and s.disclosure_basis <> '' limit 10000) x)::bigint as shares_of_records,
       (select count(*) from (select from access_requests r where r.state not in ('closed', 'rejected', 'withdrawn', 'delivered') limit 10000) x)::bigint as requests,
       (select count(*) from (select from access_requests r where r.state not in ('closed', 'rejected', 'withdrawn', 'delivered') and r.due_at < now() limit 10000) x)::bigint as requests_overdue,
       (select count(*) from (select from access_requests r where r.state not in ('closed', 'rejected', 'withdrawn', 'delivered') and r.due_at between now() and now() + interval '15 days' limit 10000) x)::bigint as requests_soon,
       (select count(*) from (select from access_requests r where r.state in ('delivered', 'closed') limit 10000) x)::bigint as requests_answered,
       (select count(*) from (select from access_requests r where r.state in ('received', 'review', 'releasing', 'ready')
                                 and not exists (select from holds h where h.request_id = r.id and h.released_at is null) limit 10000) x)::bigint as requests_without_hold,
       (select count(*) from (select from access_request_files f join access_requests r on r.id = f.request_id and r.state = 'review'
                               where f.decision = 'waiting' limit 10000) x)::bigint as records_to_review,
       (select count(*) from (select from space_grants g where g.via = 'breakglass' and g.created_at > now() - interval '365 days' limit 10000) x)::bigint as broken_glass,
       (select count(*) from (select from break_glass_reviews b where b.decision = '' and b.due_at < now() limit 10000) x)::bigint as reviews_overdue,
       (select count(*) from (select from break_glass_reviews b where b.decision = 'not_justified' and b.reviewed_at > now() - interval '365 days' limit 10000) x)::bigint as not_justified,
       (select count(*) from (select from amendments a where a.ended_at is null limit 10000) x)::bigint as amendments_open,
       (select count(*) from (select from amendments a where a.ended_at is null and a.due_at < now() limit 10000) x)::bigint as amendments_overdue,
       (select count(*) from (select from amendments a where a.ended_at is not null limit 10000) x)::bigint as amendments_answered,
       (select count(*) from (select from disclosure_consents c where c.signed_at is not null and c.revoked_at is null limit 10000) x)::bigint as consents_signed,
       exists (select from directory_policies d where cardinality(d.categories) > 0)::boolean as directory_designated,
       (select count(*) from (select from directory_opt_outs limit 10000) x)::bigint as opted_out;

-- Duties of which the newest row is due, and incidents whose clocks ran out with no one told.
-- name: DutyFacts :one
with newest as (select distinct on (d.kind) d.kind, d.due_at from compliance_duties d order by d.kind, d.done_at desc, d.id desc)
select (select count(*) from newest n where n.kind in ('coordinator', 'risk_assessment', 'safeguards_test', 'program_evaluation') and n.due_at > now())::bigint as security_done,
       (select count(*) from newest n where n.kind in ('coordinator', 'risk_assessment', 'safeguards_test', 'program_evaluation') and n.due_at between now() and now() + interval '30 days')::bigint as security_soon,
       (select count(*) from newest n where n.kind = 'annual_notice' and n.due_at > now())::bigint as notice_done,
       (select count(*) from newest n where n.kind = 'annual_notice' and n.due_at between now() and now() + interval '30 days')::bigint as notice_soon,
       (select count(*) from newest n where n.kind = 'directory_notice' and n.due_at > now())::bigint as directory_done,
       (select count(*) from incidents i where i.state = 'open')::bigint as incidents_open,
       (select count(*) from incident_clocks c where c.told_at is null and c.due_at > now())::bigint as clocks_running,
       (select count(*) from incident_clocks c where c.told_at is null and c.due_at <= now())::bigint as clocks_late,
       (select count(*) from dispositions p where p.state = 'recorded')::bigint as dispositions_open,
       (select count(*) from dispositions p where p.state = 'recorded' and p.due_at <= now())::bigint as dispositions_late;

-- Requests to erase (16 CFR 312.6(a)(2)), at the time of the report. One counts for the rule when it is about who was a
-- child as it came, or of whom something is here that was collected from a child.
-- name: ErasureRequestFacts :one
select (select count(*) from (select from erasure_requests r where r.ended_at is null limit 10000) x)::bigint as requests,
       (select count(*) from (select from erasure_requests r where r.ended_at is null and r.due_at > sqlc.arg(at)::timestamptz
                                 and r.due_at <= sqlc.arg(at)::timestamptz + interval '7 days' limit 10000) x)::bigint as soon,
       (select count(*) from (select from erasure_requests r where r.ended_at is null and r.due_at <= sqlc.arg(at)::timestamptz
                                 and (app.is_child_at(app.org(), r.student_id, r.received_at) or exists (select from files f where f.child_id = r.student_id)) limit 10000) x)::bigint as overdue,
       (select count(*) from (select from erasure_requests r where r.ended_at is null and r.due_at <= sqlc.arg(at)::timestamptz
                                 and not app.is_child_at(app.org(), r.student_id, r.received_at) and not exists (select from files f where f.child_id = r.student_id) limit 10000) x)::bigint as older,
       (select count(*) from (select from erasure_requests r where r.state in ('accepted', 'refused') limit 10000) x)::bigint as answered,
       (select count(*) from (select from erasures e join erasure_requests r on r.id = e.id or r.erasure_id = e.id
                               where e.state <> 'certified' and r.due_at <= sqlc.arg(at)::timestamptz limit 10000) x)::bigint as erasures_late;

-- name: SchemaList :many
select s.table_name::text as table_name, s.column_name::text as column_name, s.type::text as type, s.person::boolean as person from app.schema_columns() s;

-- Whom parents ask, by the agreement that counts for longest.
-- name: ContactGet :one
select coalesce((select a.contact from agreements a where a.ended_at is null and a.expires_at > now() and a.contact <> '' order by a.expires_at desc limit 1), '')::text as contact;
