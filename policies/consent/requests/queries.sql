-- name: TermsGet :one
select coalesce(s.consent_days, 14)::integer as days, coalesce(s.confirm_hours, 24)::integer as hours
  from (values (1)) one left join coppa_settings s on true;

-- name: TermsSet :exec
insert into coppa_settings (organization_id, consent_days, confirm_hours) values (app.org(), sqlc.arg(days), sqlc.arg(hours))
on conflict (organization_id) do update set consent_days = excluded.consent_days, confirm_hours = excluded.confirm_hours;

-- name: TransitionList :many
select t.from_state::text as from_state, t.event::text as event, t.to_state::text as to_state, t.ends::boolean as ends, t.rule::text as rule
  from app.consent_transitions() t;

-- Publications wait for each other, so that numbers have no gap.
-- name: NoticeInsert :one
insert into consent_notices (organization_id, id, number, language, body, body_sha256, material, published_by)
select app.org(), sqlc.arg(id), coalesce((select max(n.number) from consent_notices n), 0) + 1, sqlc.arg(language), sqlc.arg(body), sqlc.arg(body_sha256), sqlc.arg(material), sqlc.narg(published_by)::uuid
returning number;

-- name: NoticeGet :one
select id, number, language, body, body_sha256, material, published_by, published_at from consent_notices where id = sqlc.arg(id);

-- name: NoticeNewest :one
select id, number, language, body, body_sha256, material, published_by, published_at from consent_notices order by number desc limit 1;

-- name: NoticeList :many
select id, number, language, body, body_sha256, material, published_by, published_at from consent_notices
 where id > sqlc.arg(after) order by id limit sqlc.arg(most);

-- Consents to an earlier version do not cover a material change: nothing new is collected by
-- them from here on, and what is here stays under the earlier version (16 CFR 312.5(a)(1)).
-- Those that were given on signed forms have no request, and end with the others.
-- name: NoticeReconsent :execrows
with moved as (
    update consent_requests r set state = 'reconsent_required', confirm_at = null, due_at = sqlc.arg(now)::timestamptz, woken_at = null, updated_at = now()
     where r.state in ('granted', 'provisional')
    returning r.child_id, r.guardian_id, r.method),
forms as (
    select x.child_id, x.guardian_id, x.method
      from (select distinct on (d.child_id, d.guardian_id) d.child_id, d.guardian_id, d.kind, d.method from consent_decisions d
             order by d.child_id, d.guardian_id, d.seq desc) x
     where x.kind = 'grant' and not exists (select from moved m where m.child_id = x.child_id and m.guardian_id = x.guardian_id))
insert into consent_decisions (organization_id, id, child_id, guardian_id, kind, method)
select app.org(), gen_random_uuid(), e.child_id, e.guardian_id, 'reconsent', e.method from (select child_id, guardian_id, method from moved union all select child_id, guardian_id, method from forms) e;

-- Links of mails that showed an earlier version give no consent to the new one.
-- name: NoticeBurn :exec
update consent_tokens t set used_at = sqlc.arg(now)::timestamptz from consent_requests r
 where r.id = t.request_id and r.state in ('notice_pending', 'requested', 'undeliverable') and t.purpose = 'answer' and t.used_at is null;

-- name: NoticeAskAgain :exec
update consent_requests set state = case when state = 'requested' then 'notice_pending' else state end, notice_id = sqlc.arg(notice_id)::uuid, reminders = 0, asked_at = null,
       due_at = sqlc.arg(now)::timestamptz, woken_at = null, expires_at = sqlc.arg(expires_at)::timestamptz, updated_at = now()
 where state in ('notice_pending', 'requested', 'undeliverable');

-- name: PublishLock :exec
select pg_advisory_xact_lock(hashtextextended('consent/notices/' || app.org()::text, 0));

-- A user for a guardian who is no member.
-- name: GuardianMake :exec
select app.users_add(array[sqlc.arg(id)::uuid]);

-- name: GuardianKnown :one
select exists (select from guardianships g where g.student_id = sqlc.arg(child_id)::uuid and g.parent_id = sqlc.arg(guardian_id)::uuid)::boolean as known;

-- name: GuardianOfContact :one
select r.guardian_id from consent_requests r where r.child_id = sqlc.arg(child_id) and r.contact_hash = sqlc.arg(contact_hash)
 order by r.created_at desc limit 1;

-- Whether an address is a student's, by what rosters and members gave.
-- name: AddressOfStudent :one
select (exists (select from people p where p.email_hash = sqlc.arg(email_hash) and p.kind = 'student')
        or exists (select from mail_addresses a left join people p on p.user_id = a.user_id left join members m on m.user_id = a.user_id
                    where lower(a.address) = lower(sqlc.arg(address)) and coalesce(p.kind = 'student', m.role = 'student', true)))::boolean as is_students;

-- name: ContactUse :one
select (select count(*) from consent_requests r where r.contact_hash = sqlc.arg(contact_hash) and r.created_at > sqlc.arg(since)::timestamptz)::bigint as requests,
       (select count(*) from consent_tokens t join consent_requests r on r.id = t.request_id
         where r.contact_hash = sqlc.arg(contact_hash) and t.mail <> 'page' and t.created_at > sqlc.arg(since)::timestamptz)::bigint as mails;

-- name: RequestInsert :exec
insert into consent_requests (organization_id, id, child_id, guardian_id, language, requested_by, expires_at, due_at)
values (app.org(), sqlc.arg(id), sqlc.arg(child_id), sqlc.arg(guardian_id), sqlc.arg(language), sqlc.narg(requested_by)::uuid, sqlc.arg(expires_at)::timestamptz, sqlc.arg(due_at)::timestamptz);

-- name: RequestGet :one
select id, child_id, guardian_id, state, method, contact_sealed, contact_hash, language, notice_id, grant_id, scopes, reminders, mail_code, overruled,
       requested_by, created_at, asked_at, answered_at, confirm_at, expires_at, ended_at, due_at from consent_requests where id = sqlc.arg(id);

-- name: RequestLock :one
select id, child_id, guardian_id, state, method, contact_sealed, contact_hash, language, notice_id, grant_id, scopes, reminders, mail_code, overruled,
       requested_by, created_at, asked_at, answered_at, confirm_at, expires_at, ended_at, due_at from consent_requests where id = sqlc.arg(id) for update;

-- name: RequestList :many
select id, child_id, guardian_id, state, method, contact_sealed, contact_hash, language, notice_id, grant_id, scopes, reminders, mail_code, overruled,
       requested_by, created_at, asked_at, answered_at, confirm_at, expires_at, ended_at, due_at from consent_requests
 where id > sqlc.arg(after) and (sqlc.narg(state)::text is null or state = sqlc.narg(state)) and (sqlc.narg(child_id)::uuid is null or child_id = sqlc.narg(child_id)::uuid)
 order by id limit sqlc.arg(most);

-- The event's place in app.consent_transitions(); no row when a request in this state has no
-- such event.
-- name: Transition :one
select t.to_state::text as to_state, t.ends::boolean as ends from app.consent_transitions() t where t.from_state = sqlc.arg(state)::text and t.event = sqlc.arg(event)::text;

-- name: RequestMove :exec
update consent_requests set state = sqlc.arg(to_state), contact_sealed = case when sqlc.arg(ends)::boolean then null else contact_sealed end,
       ended_at = case when sqlc.arg(ends)::boolean then sqlc.arg(now)::timestamptz end, due_at = sqlc.narg(due_at)::timestamptz, woken_at = null,
       asked_at = coalesce(sqlc.narg(asked_at)::timestamptz, asked_at), answered_at = coalesce(sqlc.narg(answered_at)::timestamptz, answered_at),
       confirm_at = coalesce(sqlc.narg(confirm_at)::timestamptz, confirm_at), grant_id = coalesce(sqlc.narg(grant_id)::uuid, grant_id),
       scopes = coalesce(sqlc.narg(scopes)::text[], scopes), mail_code = sqlc.arg(mail_code), updated_at = now()
 where id = sqlc.arg(id);

-- name: RequestAsk :exec
update consent_requests set state = sqlc.arg(to_state), contact_sealed = coalesce(sqlc.narg(contact_sealed), contact_sealed), contact_hash = coalesce(sqlc.narg(contact_hash), contact_hash),
       notice_id = sqlc.arg(notice_id)::uuid, expires_at = sqlc.arg(expires_at)::timestamptz, due_at = sqlc.arg(now)::timestamptz, woken_at = null,
       reminders = 0, mail_code = '', asked_at = null, answered_at = null, confirm_at = null, updated_at = now()
 where id = sqlc.arg(id);

-- name: RequestReminded :exec
update consent_requests set reminders = sqlc.arg(reminders), mail_code = sqlc.arg(mail_code), due_at = sqlc.arg(due_at)::timestamptz, woken_at = null, updated_at = now() where id = sqlc.arg(id);

-- name: RequestTold :exec
update consent_requests set overruled = false, due_at = sqlc.arg(now)::timestamptz, updated_at = now() where id = sqlc.arg(id);

-- name: RequestWaits :exec
update consent_requests set due_at = sqlc.narg(due_at)::timestamptz, updated_at = now() where id = sqlc.arg(id);

-- name: RequestDue :exec
update consent_requests set due_at = sqlc.arg(due_at)::timestamptz, woken_at = null, updated_at = now() where id = sqlc.arg(id);

-- name: RequestWoken :exec
update consent_requests set woken_at = now() where id = sqlc.arg(id);

-- name: TokenInsert :exec
insert into consent_tokens (organization_id, id, request_id, purpose, notice_id, token_hash, mail, expires_at)
values (app.org(), sqlc.arg(id), sqlc.arg(request_id), sqlc.arg(purpose), sqlc.narg(notice_id)::uuid, sqlc.arg(token_hash), sqlc.arg(mail), sqlc.narg(expires_at)::timestamptz);

-- name: TokenGet :one
select id, request_id, purpose, notice_id, mail, expires_at, used_at, created_at from consent_tokens where id = sqlc.arg(id);

-- The link of a mail that did not go out.
-- name: TokenDelete :exec
delete from consent_tokens where id = sqlc.arg(id);

-- An answer uses up every link of its purpose.
-- name: TokenBurn :exec
update consent_tokens set used_at = sqlc.arg(now)::timestamptz where request_id = sqlc.arg(request_id) and used_at is null and (sqlc.arg(purpose)::text = '' or purpose = sqlc.arg(purpose)::text);

-- The evidence of an answer: by which mail, of which version, from where.
-- name: TokenAnswered :exec
update consent_tokens set decision_id = sqlc.arg(decision_id)::uuid, network = sqlc.arg(network), agent = sqlc.arg(agent) where id = sqlc.arg(id);

-- name: EvidenceList :many
select t.id, t.mail, t.notice_id, t.decision_id, t.network, t.agent, t.created_at, t.used_at from consent_tokens t
 where t.request_id = sqlc.arg(request_id) and t.decision_id is not null order by t.used_at, t.id limit 100;

-- name: DecisionInsert :exec
insert into consent_decisions (organization_id, id, child_id, guardian_id, kind, method, scopes)
values (app.org(), sqlc.arg(id), sqlc.arg(child_id), sqlc.arg(guardian_id)::uuid, sqlc.arg(kind), sqlc.arg(method), sqlc.arg(scopes)::text[]);

-- name: FilesApply :one
select a.held::bigint as held, a.released::bigint as released from app.consent_apply(app.org(), sqlc.arg(child_id)::uuid) a;

-- Files that wait for a consent wait no longer: the sweep of those whose hold is over deletes
-- them for good, unless they must be kept for another reason. What the school authorized once
-- did not wait for it.
-- name: FilesDue :execrows
update files set held_until = now() - interval '1 second' where child_id = sqlc.arg(child_id)::uuid and held_since is not null and not school_basis and trashed_at is null;

-- Whether another guardian of the child agreed, whether another one refused, and whether
-- another one is still asked.
-- name: OthersOf :one
select exists (select from consent_requests r where r.child_id = sqlc.arg(child_id) and r.ended_at is null and r.guardian_id <> sqlc.arg(guardian_id)::uuid)::boolean as asked,
       coalesce(bool_or(x.kind in ('grant', 'provisional')), false)::boolean as agreed, coalesce(bool_or(x.kind in ('deny', 'revoke')), false)::boolean as refused
  from app.guardian_answers(app.org(), sqlc.arg(child_id)::uuid) x
 where x.guardian_id is distinct from sqlc.arg(guardian_id)::uuid;

-- What a guardian is shown: the child and the school.
-- name: Names :one
select o.name as organization, coalesce((select p.display_name from people p where p.user_id = sqlc.arg(child_id)::uuid), '')::text as child,
       coalesce((select a.contact from agreements a where a.contact <> '' order by a.created_at desc limit 1), '')::text as contact
  from organizations o;
