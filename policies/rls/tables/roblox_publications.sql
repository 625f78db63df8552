-- Places that were published. Owners and admins see them and ask for one.
alter table roblox_publications enable row level security;
alter table roblox_publications force row level security;
drop policy if exists tenant on roblox_publications;
create policy tenant on roblox_publications for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (state, code, number, claimed_at, ended_at) on roblox_publications to satchel_app;
drop policy if exists people on roblox_publications;
create policy people on roblox_publications for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert on roblox_publications to satchel_people;
drop policy if exists system on roblox_publications;
create policy system on roblox_publications for select to satchel_system using (true);
grant select on roblox_publications to satchel_system;
