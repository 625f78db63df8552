-- name: DutyInsert :exec
insert into compliance_duties (organization_id, id, kind, responsible_id, note, evidence_file_id, done_at, due_at, recorded_by)
values (app.org(), sqlc.arg(id), sqlc.arg(kind), sqlc.arg(responsible_id), sqlc.arg(note), sqlc.narg(evidence_file_id)::uuid, sqlc.arg(done_at)::timestamptz, sqlc.arg(due_at)::timestamptz, sqlc.arg(recorded_by));

-- name: DutyGet :one
select id, kind, responsible_id, note, evidence_file_id, done_at, due_at, recorded_by, created_at from compliance_duties where id = sqlc.arg(id);

-- name: DutyList :many
select id, kind, responsible_id, note, evidence_file_id, done_at, due_at, recorded_by, created_at from compliance_duties
 where id > sqlc.arg(after) order by id limit sqlc.arg(most);

-- name: MemberKnown :one
select exists (select from members m where m.user_id = sqlc.arg(user_id)::uuid and m.role in ('owner', 'admin', 'teacher') and not m.service)::boolean as staff,
       (exists (select from people p where p.user_id = sqlc.arg(user_id)::uuid) or exists (select from members m where m.user_id = sqlc.arg(user_id)::uuid))::boolean as known;

-- name: IncidentInsert :exec
insert into incidents (organization_id, id, title, description, affected, discovered_at, confirmed_at, recorded_by)
values (app.org(), sqlc.arg(id), sqlc.arg(title), sqlc.arg(description), sqlc.narg(affected)::integer, sqlc.arg(discovered_at)::timestamptz, sqlc.narg(confirmed_at)::timestamptz, sqlc.arg(recorded_by));

-- name: IncidentGet :one
select id, title, description, affected, discovered_at, confirmed_at, state, closing, recorded_by, created_at, closed_by, closed_at from incidents where id = sqlc.arg(id);

-- name: IncidentLock :one
select state, discovered_at, confirmed_at from incidents where id = sqlc.arg(id) for update;

-- name: IncidentList :many
select id, title, description, affected, discovered_at, confirmed_at, state, closing, recorded_by, created_at, closed_by, closed_at from incidents
 where id > sqlc.arg(after) order by id limit sqlc.arg(most);

-- name: IncidentConfirm :exec
update incidents set confirmed_at = sqlc.arg(confirmed_at)::timestamptz, affected = coalesce(sqlc.narg(affected)::integer, affected) where id = sqlc.arg(id);

-- name: IncidentClose :exec
update incidents set state = 'closed', closing = sqlc.arg(closing), closed_by = sqlc.arg(closed_by)::uuid, closed_at = now() where id = sqlc.arg(id);

-- name: OwnHours :one
select coalesce((select c.incident_hours from coppa_settings c), 72)::integer as hours;

-- name: OwnHoursSet :exec
insert into coppa_settings (organization_id, incident_hours) values (app.org(), sqlc.arg(hours))
on conflict (organization_id) do update set incident_hours = excluded.incident_hours, updated_at = now();

-- name: ClockInsert :exec
insert into incident_clocks (organization_id, incident_id, clock, due_at) values (app.org(), sqlc.arg(incident_id), sqlc.arg(clock), sqlc.arg(due_at)::timestamptz);

-- name: ClockList :many
select incident_id, clock, due_at, told_at, told_by, note from incident_clocks where incident_id = any (sqlc.arg(incidents)::uuid[]) order by incident_id, due_at, clock;

-- name: ClockMove :exec
update incident_clocks set due_at = sqlc.arg(due_at)::timestamptz where incident_id = sqlc.arg(incident_id) and clock = sqlc.arg(clock) and told_at is null;

-- name: ClockTold :execrows
update incident_clocks set told_at = now(), told_by = sqlc.arg(told_by)::uuid, note = sqlc.arg(note) where incident_id = sqlc.arg(incident_id) and clock = sqlc.arg(clock) and told_at is null;

-- name: ClockKnown :one
select exists (select from incident_clocks where incident_id = sqlc.arg(incident_id) and clock = sqlc.arg(clock))::boolean as known;

-- name: DispositionInsert :exec
insert into dispositions (organization_id, id, kind, scope, person_id, reason, due_at, recorded_by)
values (app.org(), sqlc.arg(id), sqlc.arg(kind), sqlc.arg(scope), sqlc.narg(person_id)::uuid, sqlc.arg(reason), sqlc.arg(due_at)::timestamptz, sqlc.arg(recorded_by));

-- name: DispositionGet :one
select id, kind, scope, person_id, reason, due_at, state, outcome, recorded_by, created_at, ended_by, ended_at from dispositions where id = sqlc.arg(id);

-- name: DispositionList :many
select id, kind, scope, person_id, reason, due_at, state, outcome, recorded_by, created_at, ended_by, ended_at from dispositions
 where id > sqlc.arg(after) order by id limit sqlc.arg(most);

-- name: DispositionEnd :execrows
update dispositions set state = sqlc.arg(state), outcome = sqlc.arg(outcome), ended_by = sqlc.arg(ended_by)::uuid, ended_at = now() where id = sqlc.arg(id) and state = 'recorded';

-- name: DeadlineTell :one
select app.deadline_tell(app.org(), sqlc.arg(id)::uuid)::integer as told;
