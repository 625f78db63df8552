-- Files that are shown in other spaces. The people of that space see the link, and
-- the person who made it. Who may change the file links it into a space to which
-- they may add. The rows of a share follow the share alone.
alter table file_links enable row level security;
alter table file_links force row level security;
drop policy if exists tenant on file_links;
create policy tenant on file_links for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on file_links to satchel_app;
drop policy if exists people_read on file_links;
create policy people_read on file_links for select to satchel_people
    using (organization_id = (select app.people_org())
       and (added_by = (select app.actor()) or exists (select from app.my_spaces m where m.organization_id = file_links.organization_id and m.space_id = file_links.space_id)
            or (select app.all_spaces())));
drop policy if exists people_add on file_links;
create policy people_add on file_links for insert to satchel_people
    with check (organization_id = (select app.people_org()) and added_by = (select app.actor()) and share_id = '00000000-0000-0000-0000-000000000000'
       and exists (select from app.my_spaces m where m.organization_id = file_links.organization_id and m.space_id = file_links.space_id and m.level >= 2)
       and app.may_link_file(file_id));
drop policy if exists people_change on file_links;
create policy people_change on file_links for update to satchel_people
    using (organization_id = (select app.people_org()) and share_id = '00000000-0000-0000-0000-000000000000'
       and (added_by = (select app.actor()) or app.may_link_file(file_id)))
    with check (organization_id = (select app.people_org()));
drop policy if exists people_remove on file_links;
create policy people_remove on file_links for delete to satchel_people
    using (organization_id = (select app.people_org()) and share_id = '00000000-0000-0000-0000-000000000000'
       and (added_by = (select app.actor()) or app.may_link_file(file_id)
            or exists (select from app.my_spaces m where m.organization_id = file_links.organization_id and m.space_id = file_links.space_id and m.level >= 3)));
grant select, insert, update (level, starts_at, ends_at), delete on file_links to satchel_people;
drop policy if exists system on file_links;
create policy system on file_links for all to satchel_system using (true) with check (true);
grant select, insert, update, delete on file_links to satchel_system;
