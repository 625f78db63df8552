-- name: PolicyGet :one
select categories, notice_at, opt_out_until, set_by, set_at from directory_policies;

-- name: PolicySet :exec
insert into directory_policies (organization_id, categories, notice_at, opt_out_until, set_by)
values (app.org(), sqlc.arg(categories), sqlc.arg(notice_at), sqlc.arg(opt_out_until), sqlc.arg(set_by))
    on conflict (organization_id) do update set categories = excluded.categories, notice_at = excluded.notice_at, opt_out_until = excluded.opt_out_until, set_by = excluded.set_by, set_at = now();

-- Whether there is such a student, here or gone: whose opt-outs there are is known too.
-- name: StudentIs :one
select (exists (select from members m where m.user_id = sqlc.arg(student_id)::uuid and m.role = 'student') or exists (select from people p where p.user_id = sqlc.arg(student_id)::uuid and p.kind = 'student')
        or exists (select from directory_opt_outs o where o.student_id = sqlc.arg(student_id)::uuid))::boolean as student,
       exists (select from people p where p.user_id = sqlc.arg(student_id)::uuid and p.adult_from <= current_date)::boolean as adult,
       exists (select from app.my_wards w where w.student_id = sqlc.arg(student_id)::uuid)::boolean as ward;

-- name: OptOutsOf :many
select holder_id, opted_out, recorded_by, at from directory_opt_outs where student_id = sqlc.arg(student_id)::uuid order by holder_id;

-- name: OptOutSet :exec
insert into directory_opt_outs (organization_id, student_id, holder_id, opted_out, recorded_by)
values (app.org(), sqlc.arg(student_id), sqlc.arg(holder_id), sqlc.arg(opted_out), sqlc.arg(recorded_by))
    on conflict (organization_id, student_id, holder_id) do update set opted_out = excluded.opted_out, recorded_by = excluded.recorded_by, at = now();

-- What guardians said before the student was an adult.
-- name: OptOutsRescind :exec
update directory_opt_outs set opted_out = false, recorded_by = sqlc.arg(recorded_by), at = now() where student_id = sqlc.arg(student_id)::uuid and opted_out;

-- Students of whom somebody opted out, in the order of their ids.
-- name: OptedOutList :many
select o.student_id, max(o.at)::timestamptz as at from directory_opt_outs o
 where o.opted_out and (sqlc.narg(after)::uuid is null or o.student_id > sqlc.narg(after)::uuid)
 group by o.student_id order by o.student_id limit sqlc.arg(most);

-- The students of whose side the actor is, of whatever age, and whether the rights are the actor's.
-- name: OwnStudents :many
select s.id::uuid as student_id, coalesce(p.display_name, '')::text as display_name, (s.id = app.actor())::boolean as self, app.my_student(s.id)::boolean as rights,
       exists (select from directory_opt_outs o where o.student_id = s.id and o.opted_out)::boolean as opted_out
  from (select g.student_id as id from guardianships g where g.parent_id = app.actor() union select m.user_id from members m where m.user_id = app.actor() and m.role = 'student') s
  left join people p on p.user_id = s.id
 order by s.id;
