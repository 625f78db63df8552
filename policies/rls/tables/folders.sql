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
       and (exists (select from space_members m where m.organization_id = folders.organization_id and m.space_id = folders.space_id
                       and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now())
            or exists (select from folder_paths p
                       join folder_links l on l.organization_id = p.organization_id and l.folder_id = p.ancestor_id and l.starts_at <= now() and l.ends_at > now()
                       join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id
                       where p.organization_id = folders.organization_id and p.folder_id = folders.id
                       and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now())
            or (select app.all_spaces())));
drop policy if exists people_add on folders;
create policy people_add on folders for insert to satchel_people
    with check (organization_id = (select app.people_org()) and created_by = (select app.actor())
       and (exists (select from space_members m where m.organization_id = folders.organization_id and m.space_id = folders.space_id
                       and m.user_id = (select app.actor()) and m.level >= 3 and m.begins_at <= now() and m.ends_at > now())
            or mode = 'shared' and exists (select from space_members m where m.organization_id = folders.organization_id and m.space_id = folders.space_id
                       and m.user_id = (select app.actor()) and m.level >= 2 and m.begins_at <= now() and m.ends_at > now())
            or (select app.all_spaces())));
drop policy if exists people_change on folders;
create policy people_change on folders for update to satchel_people
    using (organization_id = (select app.people_org())
       and (created_by = (select app.actor()) and mode = 'shared' and exists (select from space_members m where m.organization_id = folders.organization_id and m.space_id = folders.space_id
                       and m.user_id = (select app.actor()) and m.level >= 2 and m.begins_at <= now() and m.ends_at > now())
            or exists (select from space_members m where m.organization_id = folders.organization_id and m.space_id = folders.space_id
                       and m.user_id = (select app.actor()) and m.level >= 3 and m.begins_at <= now() and m.ends_at > now())
            or (select app.all_spaces())))
    with check (organization_id = (select app.people_org())
       and (exists (select from space_members m where m.organization_id = folders.organization_id and m.space_id = folders.space_id
                       and m.user_id = (select app.actor()) and m.level >= 3 and m.begins_at <= now() and m.ends_at > now())
            or mode = 'shared' and exists (select from space_members m where m.organization_id = folders.organization_id and m.space_id = folders.space_id
                       and m.user_id = (select app.actor()) and m.level >= 2 and m.begins_at <= now() and m.ends_at > now())
            or (select app.all_spaces())));
drop policy if exists people_remove on folders;
create policy people_remove on folders for delete to satchel_people
    using (organization_id = (select app.people_org())
       and (created_by = (select app.actor()) and mode = 'shared' and exists (select from space_members m where m.organization_id = folders.organization_id and m.space_id = folders.space_id
                       and m.user_id = (select app.actor()) and m.level >= 2 and m.begins_at <= now() and m.ends_at > now())
            or exists (select from space_members m where m.organization_id = folders.organization_id and m.space_id = folders.space_id
                       and m.user_id = (select app.actor()) and m.level >= 3 and m.begins_at <= now() and m.ends_at > now())
            or (select app.all_spaces())));
grant select, insert, update, delete on folders to satchel_people;
drop policy if exists system on folders;
create policy system on folders for select to satchel_system using (true);
grant select on folders to satchel_system;
