-- What experiences of Roblox say. Owners and admins read it; syncs write it.
alter table roblox_figures enable row level security;
alter table roblox_figures force row level security;
drop policy if exists tenant on roblox_figures;
create policy tenant on roblox_figures for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (numbers, read_at) on roblox_figures to satchel_app;
drop policy if exists people on roblox_figures;
create policy people on roblox_figures for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select on roblox_figures to satchel_people;
