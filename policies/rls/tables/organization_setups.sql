-- What is still to be done for an organization that is being set up. The rows
-- are made by organization_begin (system_organizations.sql).
alter table organization_setups enable row level security;
alter table organization_setups force row level security;
drop policy if exists tenant on organization_setups;
create policy tenant on organization_setups for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, delete on organization_setups to satchel_app;
drop policy if exists system on organization_setups;
create policy system on organization_setups for all to satchel_system using (true) with check (true);
grant select, insert, delete on organization_setups to satchel_system;
