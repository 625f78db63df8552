-- What a file is, of those that the caller sees or oversees.
-- name: RecordGet :one
select app.record_class(app.org(), f.id)::text as class, coalesce(c.reason, '')::text as reason, coalesce(c.categories, '{}')::text[] as categories, c.decided_by, c.decided_at
  from (select sqlc.arg(file_id)::uuid as id) f left join record_classes c on c.file_id = f.id
 where app.record_class(app.org(), f.id) is not null and ((select app.oversees()) or app.may_read_file(f.id));

-- name: RecordStudents :one
select array(select s.student_id from app.record_students_of(app.org(), sqlc.arg(file_id)::uuid) s order by 1)::uuid[] as students;

-- name: RecordSet :exec
insert into record_classes (organization_id, file_id, class, reason, categories, decided_by)
values (app.org(), sqlc.arg(file_id), sqlc.arg(class), sqlc.arg(reason), sqlc.arg(categories), sqlc.arg(decided_by))
    on conflict (organization_id, file_id) do update set class = excluded.class, reason = excluded.reason, categories = excluded.categories, decided_by = excluded.decided_by, decided_at = now();

-- Students are members of the organization or people of its roster; others are passed over,
-- which the caller counts. Those who are named already stay so.
-- name: RecordStudentsAdd :one
with students as (
    select u.id from unnest(sqlc.arg(students)::uuid[]) u (id)
     where exists (select from members m where m.user_id = u.id and m.role = 'student') or exists (select from people p where p.user_id = u.id and p.kind = 'student')),
named as (
    insert into record_students (organization_id, file_id, student_id) select distinct app.org(), sqlc.arg(file_id)::uuid, s.id from students s
        on conflict do nothing)
select count(distinct id) from students;

-- Files about children need a basis for each of them.
-- name: RecordStudentsNamed :exec
select app.consent_named(app.org(), sqlc.arg(file_id)::uuid);

-- Those who are named no more. A hold refuses to let go one of whom it is in force.
-- name: RecordStudentsClear :exec
delete from record_students where file_id = sqlc.arg(file_id) and student_id <> all (sqlc.arg(students)::uuid[]);

-- The newest first, after the filters. Row-level security shows a student and the guardians of
-- one those about the student.
-- name: DisclosureList :many
select d.id, d.at, d.file_id, coalesce(f.name, '')::text as file_name, d.way, d.outcome, d.class, d.rule, d.basis, d.interest, d.party, d.share_id, d.actor_id, d.recordable,
       array(select s.student_id from disclosure_students s where s.disclosure_id = d.id order by 1)::uuid[] as students
  from disclosures d left join files f on f.id = d.file_id
 where (sqlc.narg(before)::uuid is null or d.id < sqlc.narg(before)::uuid)
   and (sqlc.narg(file_id)::uuid is null or d.file_id = sqlc.narg(file_id)::uuid)
   and (sqlc.narg(student_id)::uuid is null or exists (select from disclosure_students s where s.disclosure_id = d.id and s.student_id = sqlc.narg(student_id)::uuid))
   and (sqlc.narg(outcome)::text is null or d.outcome = sqlc.narg(outcome)::text)
 order by d.id desc limit sqlc.arg(most);
