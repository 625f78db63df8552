-- name: GuardianDelete :execrows
delete from guardianships where parent_id = $1 and student_id = $2;

-- name: GuardianGet :one
select parent_id as parent, student_id as student, created_by, created_at from guardianships where parent_id = $1 and student_id = $2;

-- name: GuardianInsert :execrows
insert into guardianships (organization_id, parent_id, student_id, created_by) values (app.org(), $1, $2, $3)
on conflict (organization_id, parent_id, student_id) do nothing;

-- name: GuardianPage :many
select parent_id as parent, student_id as student, created_by, created_at from guardianships
 where (parent_id, student_id) > (sqlc.arg(after_parent)::uuid, sqlc.arg(after_student)::uuid)
   and (sqlc.narg(parent_id)::uuid is null or parent_id = sqlc.narg(parent_id)::uuid)
   and (sqlc.narg(student_id)::uuid is null or student_id = sqlc.narg(student_id)::uuid)
 order by parent_id, student_id limit sqlc.arg(most);

-- name: GuardianWards :many
select ward_id::uuid from wards where guardian_id = sqlc.arg(guardian)::uuid order by ward_id;

-- name: GuardiansDeleteOf :exec
delete from guardianships where sqlc.arg(user_id)::uuid in (parent_id, student_id);

-- name: InvitationAccepted :one
select exists (select from invitations where accepted_by = sqlc.arg(user_id)::uuid and state = 'accepted' and ended_at >= sqlc.arg(since)::timestamptz);

-- name: InvitationAttempt :exec
update invitations set token_hash = $2, attempts = attempts + 1, started_at = coalesce(started_at, now()), updated_at = now() where id = $1;

-- name: InvitationDelivered :execrows
update invitations set delivery = sqlc.arg(delivery)::text, delivery_code = sqlc.arg(delivery_code), updated_at = now(),
    sent_at = case when sqlc.arg(delivery)::text = 'sent' then now() else sent_at end
 where id = sqlc.arg(id) and token_hash = sqlc.arg(token_hash) and state = 'pending';

-- name: InvitationEnd :execrows
update invitations set state = $2, accepted_by = $3, email = null, ended_at = now(), updated_at = now() where id = $1 and state = 'pending';

-- name: InvitationGet :one
select id, email, role, state, delivery, delivery_code, attempts, invited_by, accepted_by, sent_at, expires_at, ended_at, created_at, person_id,
       (state = 'pending' and expires_at > now())::boolean as open
  from invitations where id = $1;

-- name: InvitationInsert :execrows
insert into invitations (organization_id, id, email, role, invited_by, person_id, expires_at)
values (app.org(), sqlc.arg(id), sqlc.arg(email)::text, sqlc.arg(role), sqlc.arg(invited_by), sqlc.narg(person_id)::uuid, now() + sqlc.arg(term)::interval)
on conflict do nothing;

-- name: InvitationLock :one
select id, email, role, state, delivery, delivery_code, attempts, invited_by, accepted_by, sent_at, expires_at, ended_at, created_at, person_id,
       (state = 'pending' and expires_at > now())::boolean as open
  from invitations where id = $1 for update;

-- name: InvitationLockByToken :one
select id, email, role, state, delivery, delivery_code, attempts, invited_by, accepted_by, sent_at, expires_at, ended_at, created_at, person_id,
       (state = 'pending' and expires_at > now())::boolean as open
  from invitations where id = $1 and token_hash = $2 for update;

-- name: InvitationPage :many
select id, email, role, state, delivery, delivery_code, attempts, invited_by, accepted_by, sent_at, expires_at, ended_at, created_at, person_id,
       (state = 'pending' and expires_at > now())::boolean as open
  from invitations
 where (sqlc.arg(before)::uuid = '00000000-0000-0000-0000-000000000000' or id < sqlc.arg(before)::uuid)
   and (sqlc.arg(state)::text = '' or state = sqlc.arg(state)::text)
 order by id desc limit sqlc.arg(most);

-- name: InvitationQueue :exec
update invitations set delivery = 'queued', delivery_code = '', updated_at = now() where id = $1;

-- name: InvitationStarted :exec
update invitations set started_at = now() where id = $1 and started_at is null;

-- name: LoginLink :one
select app.login_link(sqlc.arg(issuer)::text, sqlc.arg(subject)::text, sqlc.arg(person)::uuid, 'invitation', null)::boolean;

-- name: MemberDelete :exec
delete from members where user_id = $1;

-- Reads of members leave out the service accounts of API keys: they take no seat
-- and are removed with their key.

-- name: MemberGet :one
select m.user_id as "user", m.role, coalesce(l.issuer, '') as issuer, coalesce(l.subject, '') as subject, m.created_at
  from members m left join logins l on l.user_id = m.user_id and l.own where not m.service and m.user_id = $1;

-- name: MemberInsert :exec
insert into members (organization_id, user_id, role) values (app.org(), $1, $2);

-- name: MemberInsertNew :execrows
insert into members (organization_id, user_id, role) values (app.org(), $1, $2) on conflict (organization_id, user_id) do nothing;

-- name: MemberPage :many
select m.user_id as "user", m.role, coalesce(l.issuer, '') as issuer, coalesce(l.subject, '') as subject, m.created_at
  from members m left join logins l on l.user_id = m.user_id and l.own
 where not m.service and m.user_id > sqlc.arg(after) and (sqlc.arg(role)::text = '' or m.role = sqlc.arg(role)::text)
 order by m.user_id limit sqlc.arg(most);

-- name: MemberRole :one
select role from members where user_id = $1 and not service;

-- name: MemberRoleSet :exec
update members set role = $2 where user_id = $1;

-- Someone who is removed by hand stays removed: an import leaves the state as it is.
-- name: PersonEnd :exec
update people set state = 'left', leaves_at = null, updated_at = now(),
    set_by_hand = case when 'state' = any (set_by_hand) then set_by_hand else set_by_hand || 'state'::text end
 where user_id = $1;

-- name: PersonWithoutPlace :one
select exists (select from people p where p.user_id = sqlc.arg(user_id)::uuid and p.state = 'active')::boolean as active,
       exists (select from members m where m.user_id = sqlc.arg(user_id)::uuid)::boolean as member;

-- name: PlaceOf :one
select coalesce(m.role, '')::text as role, coalesce(p.kind, '')::text as kind
  from (select sqlc.arg(user_id)::uuid as id) u
  left join members m on m.user_id = u.id and not m.service left join people p on p.user_id = u.id and p.state <> 'left';

-- name: MembersCount :one
select count(*) from members where not service;

-- name: MembersHaveOther :one
select exists (select from members where role = $1 and user_id <> $2 and not service);

-- name: OrganizationLock :execrows
select id from organizations for no key update;

-- Someone who is removed by hand is not let in again by a rule about logins.
-- name: RequestsDismissOf :exec
insert into login_requests (organization_id, id, issuer, subject, reason, state, decided_at)
select app.org(), gen_random_uuid(), l.issuer, l.subject, 'unlinked', 'dismissed', now() from logins l
 where l.user_id = sqlc.arg(user_id)::uuid and exists (select from login_rules)
on conflict (organization_id, issuer, subject) do update
   set reason = 'unlinked', state = 'dismissed', candidates = '{}', user_id = null, decided_by = null, decided_at = now(), shown_name = '';

-- What waited for an admin is settled by another way in.
-- name: RequestsLinkedOf :exec
update login_requests r set state = 'linked', user_id = sqlc.arg(user_id)::uuid, decided_by = null, decided_at = now(), shown_name = ''
  from logins l where l.user_id = sqlc.arg(user_id)::uuid and (r.issuer, r.subject) = (l.issuer, l.subject) and r.state <> 'linked';
