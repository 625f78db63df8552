-- The students whom a file is about. Owners and admins name them.
alter table record_students enable row level security;
alter table record_students force row level security;
drop policy if exists tenant on record_students;
create policy tenant on record_students for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on record_students to satchel_app;
drop policy if exists people_read on record_students;
create policy people_read on record_students for select to satchel_people
    using (organization_id = (select app.people_org()) and ((select app.oversees()) or app.may_read_file(file_id)));
drop policy if exists people_add on record_students;
create policy people_add on record_students for insert to satchel_people
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
drop policy if exists people_remove on record_students;
create policy people_remove on record_students for delete to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert (organization_id, file_id, student_id), delete on record_students to satchel_people;
drop policy if exists system on record_students;
create policy system on record_students for select to satchel_system using (true);
grant select on record_students to satchel_system;
