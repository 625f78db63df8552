-- Packages of rosters that were found in the inbox folder, of the organization; system
-- asks which sources have some that are not ended or not removed.
alter table roster_pickups enable row level security;
alter table roster_pickups force row level security;
drop policy if exists tenant on roster_pickups;
create policy tenant on roster_pickups for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on roster_pickups to satchel_app;
drop policy if exists system on roster_pickups;
create policy system on roster_pickups for select to satchel_system using (true);
grant select on roster_pickups to satchel_system;
