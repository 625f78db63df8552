-- Connections to Roblox. Owners and admins see and change them, without their keys; system
-- finds those that are due, and that which Roblox calls.
alter table roblox_connections enable row level security;
alter table roblox_connections force row level security;
drop policy if exists tenant on roblox_connections;
create policy tenant on roblox_connections for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (name, key_sealed, key_owner, key_info, key_checked_at, secret_sealed, space_ids, automatic, state, code, sync_id, synced_at, next_sync_at, map_revision, told_at, progress, told_unsure, updated_at)
    on roblox_connections to satchel_app;
drop policy if exists people on roblox_connections;
create policy people on roblox_connections for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select (organization_id, id, name, universe_id, creator_type, creator_id, key_owner, key_info, key_checked_at, space_ids, automatic, state, code, sync_id, synced_at, next_sync_at, map_revision, told_at, progress, created_by, created_at, updated_at),
    update (sync_id, updated_at) on roblox_connections to satchel_people;
drop policy if exists system on roblox_connections;
create policy system on roblox_connections for select to satchel_system using (true);
grant select on roblox_connections to satchel_system;
