-- What files became at Roblox. Owners and admins see it, and say what became of an unsure one.
alter table roblox_assets enable row level security;
alter table roblox_assets force row level security;
drop policy if exists tenant on roblox_assets;
create policy tenant on roblox_assets for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (name, state, code, wanted, claim, claimed_at, operation_id, asset_id, tries, next_at, decided_by, decided_at, updated_at) on roblox_assets to satchel_app;
drop policy if exists people on roblox_assets;
create policy people on roblox_assets for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, update (state, code, asset_id, tries, next_at, decided_by, decided_at, updated_at) on roblox_assets to satchel_people;
