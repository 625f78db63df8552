-- Folders of the organization. A person sees those of their spaces, and those that are
-- linked into one of them with what is below. Who adds to a space makes folders;
-- hand-outs and hand-ins are its staff's.
alter table folders enable row level security;
alter table folders force row level security;
drop policy if exists tenant on folders;
create policy tenant on folders for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on folders to satchel_app;
drop policy if exists people_read on folders;
create policy people_read on folders for select to satchel_people
    using (organization_id = (select app.people_org())
       and (exists (select from app.my_spaces m where m.organization_id = folders.organization_id and m.space_id = folders.space_id)
            or exists (select from app.linked_folders l where l.organization_id = folders.organization_id and l.folder_id = folders.id)
            or (select app.all_spaces())));
drop policy if exists people_add on folders;
create policy people_add on folders for insert to satchel_people
    with check (organization_id = (select app.people_org()) and created_by = (select app.actor())
       and (exists (select from app.my_spaces m where m.organization_id = folders.organization_id and m.space_id = folders.space_id and m.level >= 3)
            or mode = 'shared' and exists (select from app.my_spaces m where m.organization_id = folders.organization_id and m.space_id = folders.space_id and m.level >= 2)
            or (select app.all_spaces())));
drop policy if exists people_change on folders;
create policy people_change on folders for update to satchel_people
    using (organization_id = (select app.people_org())
       and (created_by = (select app.actor()) and mode = 'shared' and exists (select from app.my_spaces m where m.organization_id = folders.organization_id and m.space_id = folders.space_id and m.level >= 2)
            or exists (select from app.my_spaces m where m.organization_id = folders.organization_id and m.space_id = folders.space_id and m.level >= 3)
            or (select app.all_spaces())))
    with check (organization_id = (select app.people_org())
       and (exists (select from app.my_spaces m where m.organization_id = folders.organization_id and m.space_id = folders.space_id and m.level >= 3)
            or mode = 'shared' and exists (select from app.my_spaces m where m.organization_id = folders.organization_id and m.space_id = folders.space_id and m.level >= 2)
            or (select app.all_spaces())));
drop policy if exists people_remove on folders;
create policy people_remove on folders for delete to satchel_people
    using (organization_id = (select app.people_org())
       and (created_by = (select app.actor()) and mode = 'shared' and exists (select from app.my_spaces m where m.organization_id = folders.organization_id and m.space_id = folders.space_id and m.level >= 2)
            or exists (select from app.my_spaces m where m.organization_id = folders.organization_id and m.space_id = folders.space_id and m.level >= 3)
            or (select app.all_spaces())));
grant select, insert, update, delete on folders to satchel_people;
drop policy if exists system on folders;
create policy system on folders for select to satchel_system using (true);
grant select on folders to satchel_system;
