-- Sources of the organization's rosters; system asks whether one is paused.
alter table roster_sources enable row level security;
alter table roster_sources force row level security;
drop policy if exists tenant on roster_sources;
create policy tenant on roster_sources for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on roster_sources to satchel_app;
drop policy if exists system on roster_sources;
create policy system on roster_sources for select to satchel_system using (true);
grant select on roster_sources to satchel_system;
