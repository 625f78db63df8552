-- Tags of files. Who reads the file reads them; who may change it sets them.
alter table file_tags enable row level security;
alter table file_tags force row level security;
drop policy if exists tenant on file_tags;
create policy tenant on file_tags for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on file_tags to satchel_app;
drop policy if exists people_read on file_tags;
create policy people_read on file_tags for select to satchel_people
    using (organization_id = (select app.people_org())
       and app.may_read_file(file_id));
drop policy if exists people_add on file_tags;
create policy people_add on file_tags for insert to satchel_people
    with check (organization_id = (select app.people_org()) and added_by = (select app.actor()) and app.may_change_file(file_id));
drop policy if exists people_remove on file_tags;
create policy people_remove on file_tags for delete to satchel_people
    using (organization_id = (select app.people_org()) and app.may_change_file(file_id));
grant select, insert, delete on file_tags to satchel_people;
