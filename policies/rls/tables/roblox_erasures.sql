-- Requests of Roblox to erase a person. The platform's work alone reads them.
alter table roblox_erasures enable row level security;
alter table roblox_erasures force row level security;
drop policy if exists tenant on roblox_erasures;
create policy tenant on roblox_erasures for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (roblox_user_id, done_at) on roblox_erasures to satchel_app;
drop policy if exists people on roblox_erasures;
create policy people on roblox_erasures for all to satchel_people
    using (organization_id = (select app.people_org()) and false) with check (organization_id = (select app.people_org()) and false);
drop policy if exists system on roblox_erasures;
create policy system on roblox_erasures for select to satchel_system using (true);
grant select on roblox_erasures to satchel_system;
