-- name: CandidatesByClaim :many
select p.user_id, p.kind, (m.user_id is not null or exists (select from logins l where l.user_id = p.user_id))::boolean as taken
  from people p left join members m on m.user_id = p.user_id
 where p.state = 'active' and (p.sourced_id = any (sqlc.arg(values)::text[]) or p.identifiers && sqlc.arg(values)::text[])
 order by p.user_id limit 20;

-- name: CandidatesByHash :many
select p.user_id, p.kind, (m.user_id is not null or exists (select from logins l where l.user_id = p.user_id))::boolean as taken
  from people p left join members m on m.user_id = p.user_id
 where p.state = 'active' and (p.email_hash = sqlc.arg(email)::bytea or p.username_hash = sqlc.arg(username)::bytea)
 order by p.user_id limit 20;

-- The users of the login in this organization.
-- name: KnownUsers :many
select l.user_id, (m.user_id is not null)::boolean as member, coalesce(p.kind, '')::text as kind, coalesce(p.state, '')::text as state
  from logins l left join members m on m.user_id = l.user_id left join people p on p.user_id = l.user_id
 where l.issuer = sqlc.arg(issuer) and l.subject = sqlc.arg(subject) order by (m.user_id is null), l.user_id;

-- name: LoginGet :one
select id, own from logins where id = sqlc.arg(id) and user_id = sqlc.arg(user_id);

-- name: LoginLink :one
select app.login_link(sqlc.arg(issuer)::text, sqlc.arg(subject)::text, sqlc.arg(person)::uuid, sqlc.arg(via)::text, sqlc.narg(linker)::uuid)::boolean;

-- name: LoginUnlink :one
select u.issuer::text as issuer, u.subject::text as subject from app.login_unlink(sqlc.arg(login)::uuid, sqlc.arg(person)::uuid) u;

-- name: LoginsOf :many
select id, issuer, subject, own, linked_via, linked_by, linked_at from logins where user_id = $1 order by linked_at, id;

-- name: RequestDecide :execrows
update login_requests set state = sqlc.arg(state), user_id = sqlc.narg(user_id)::uuid, decided_by = sqlc.narg(decided_by)::uuid, decided_at = now(), shown_name = ''
 where id = sqlc.arg(id);

-- name: RequestDelete :exec
delete from login_requests where state = 'waiting' and seen_at < now() - sqlc.arg(unseen)::interval;

-- name: RequestDismiss :exec
insert into login_requests (organization_id, id, issuer, subject, reason, state, decided_by, decided_at)
values (app.org(), sqlc.arg(id), sqlc.arg(issuer), sqlc.arg(subject), 'unlinked', 'dismissed', sqlc.narg(decided_by)::uuid, now())
on conflict (organization_id, issuer, subject) do update
   set reason = 'unlinked', state = 'dismissed', candidates = '{}', user_id = null, decided_by = excluded.decided_by, decided_at = now(), shown_name = '';

-- name: RequestLock :one
select id, issuer, subject, shown_name, reason, candidates, state, user_id, decided_by, decided_at, created_at, seen_at
  from login_requests where id = $1 for update;

-- name: RequestOf :one
select id, state from login_requests where issuer = sqlc.arg(issuer) and subject = sqlc.arg(subject);

-- name: RequestPage :many
select id, issuer, subject, shown_name, reason, candidates, state, user_id, decided_by, decided_at, created_at, seen_at
  from login_requests
 where id > sqlc.arg(after)::uuid and (sqlc.arg(state)::text = '' or state = sqlc.arg(state)::text) order by id limit sqlc.arg(most);

-- name: RequestPut :one
insert into login_requests (organization_id, id, issuer, subject, shown_name, reason, candidates)
select app.org(), sqlc.arg(id), sqlc.arg(issuer), sqlc.arg(subject), sqlc.arg(shown_name), sqlc.arg(reason), sqlc.arg(candidates)
 where (select count(*) from login_requests w where w.state = 'waiting') < sqlc.arg(most)::bigint
on conflict (organization_id, issuer, subject) do update
   set seen_at = now(), shown_name = excluded.shown_name, reason = excluded.reason, candidates = excluded.candidates,
       state = 'waiting', user_id = null, decided_by = null, decided_at = null
returning (xmax = 0)::boolean as fresh;

-- name: RuleConfirm :one
select app.login_rule_confirm(sqlc.arg(rule)::uuid, sqlc.arg(operator)::uuid)::boolean;

-- name: RuleDeleteOthers :exec
delete from login_rules where id <> all (sqlc.arg(kept)::uuid[]);

-- name: RuleGet :one
select id, issuer, tenant_claim, tenant_value, person_claim, may_verify_email, may_verify_username, jit_role, created_at, confirmed_by, confirmed_at
  from login_rules where id = $1;

-- name: RuleList :many
select id, issuer, tenant_claim, tenant_value, person_claim, may_verify_email, may_verify_username, jit_role, created_at, confirmed_by, confirmed_at
  from login_rules order by issuer, tenant_claim, tenant_value;

-- What a rule believes may change; its tenant may not, which the operator confirmed.
-- name: RulePut :one
insert into login_rules (organization_id, id, issuer, tenant_claim, tenant_value, person_claim, may_verify_email, may_verify_username, jit_role, created_by)
values (app.org(), sqlc.arg(id), sqlc.arg(issuer), sqlc.arg(tenant_claim), sqlc.arg(tenant_value), sqlc.arg(person_claim), sqlc.arg(may_verify_email),
        sqlc.arg(may_verify_username), sqlc.narg(jit_role)::text, sqlc.narg(created_by)::uuid)
on conflict (organization_id, issuer, tenant_claim, tenant_value) do update
   set person_claim = excluded.person_claim, may_verify_email = excluded.may_verify_email, may_verify_username = excluded.may_verify_username, jit_role = excluded.jit_role
returning id;

-- name: UserEnsure :one
select app.user_ensure(sqlc.arg(id)::uuid, sqlc.arg(issuer)::text, sqlc.arg(subject)::text)::uuid;

-- What of a person stands against making them one with a member.
-- name: MergeObstacles :one
select (exists (select from logins l where l.user_id = sqlc.arg(person)) or exists (select from members m where m.user_id = sqlc.arg(person)))::boolean as signs_in,
       (exists (select from spaces s where s.owner_id = sqlc.arg(person)::uuid) or exists (select from file_versions v where v.uploaded_by = sqlc.arg(person)))::boolean as has_work,
       exists (select from invitations i where i.person_id = sqlc.arg(person)::uuid and i.state = 'pending')::boolean as invited,
       exists (select from roster_imports i where i.source_id = sqlc.narg(source)::uuid and i.state in ('applying', 'undoing'))::boolean as importing;

-- name: PersonMerge :exec
select app.person_merge(sqlc.arg(gone)::uuid, sqlc.arg(kept)::uuid);
