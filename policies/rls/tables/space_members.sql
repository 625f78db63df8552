-- Who is in which space. Triggers of functions/system_spaces.sql alone write it. A
-- person sees their own rows: the rules of spaces, folders and files ask for no
-- others.
alter table space_members enable row level security;
alter table space_members force row level security;
drop policy if exists tenant on space_members;
create policy tenant on space_members for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select on space_members to satchel_app;
drop policy if exists people_read on space_members;
create policy people_read on space_members for select to satchel_people
    using (organization_id = (select app.people_org()) and user_id = (select app.actor()));
grant select on space_members to satchel_people;
drop policy if exists system on space_members;
create policy system on space_members for all to satchel_system using (true) with check (true);
grant select, insert, update, delete on space_members to satchel_system;
