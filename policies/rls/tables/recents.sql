-- What each person used last, which is theirs alone to see.
alter table recents enable row level security;
alter table recents force row level security;
drop policy if exists tenant on recents;
create policy tenant on recents for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on recents to satchel_app;
-- The list joins it to files, so a file that is no longer theirs to read leaves it.
drop policy if exists people on recents;
create policy people on recents for all to satchel_people
    using (organization_id = (select app.people_org()) and user_id = (select app.actor()))
    with check (organization_id = (select app.people_org()) and user_id = (select app.actor()) and app.may_read_file(file_id));
grant select, insert, update, delete on recents to satchel_people;
-- Who brings a file has changed it.
drop policy if exists system on recents;
create policy system on recents for insert to satchel_system with check (true);
grant insert on recents to satchel_system;
