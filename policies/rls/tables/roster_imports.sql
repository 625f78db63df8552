-- Imports of rosters of the organization; system finds those that are not finished,
-- and those that are due to go.
alter table roster_imports enable row level security;
alter table roster_imports force row level security;
drop policy if exists tenant on roster_imports;
create policy tenant on roster_imports for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update on roster_imports to satchel_app;
drop policy if exists system on roster_imports;
create policy system on roster_imports for select to satchel_system using (true);
grant select on roster_imports to satchel_system;
