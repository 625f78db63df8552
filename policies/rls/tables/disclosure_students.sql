-- Of whom a disclosure told: the student and the student's guardians see it, and who oversees.
alter table disclosure_students enable row level security;
alter table disclosure_students force row level security;
drop policy if exists tenant on disclosure_students;
create policy tenant on disclosure_students for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (student_id) on disclosure_students to satchel_app; -- student_id: app.person_merge
drop policy if exists people_read on disclosure_students;
create policy people_read on disclosure_students for select to satchel_people
    using (organization_id = (select app.people_org())
       and ((select app.oversees()) or student_id = (select app.actor())
            or exists (select from app.my_wards w where w.organization_id = disclosure_students.organization_id and w.student_id = disclosure_students.student_id)));
grant select on disclosure_students to satchel_people;
drop policy if exists system on disclosure_students;
create policy system on disclosure_students for all to satchel_system using (true) with check (true);
grant select, insert on disclosure_students to satchel_system;
