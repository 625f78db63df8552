-- The cursor of the check of the organization; system finds the organizations that
-- are due.
alter table reconcile_passes enable row level security;
alter table reconcile_passes force row level security;
drop policy if exists tenant on reconcile_passes;
create policy tenant on reconcile_passes for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update on reconcile_passes to satchel_app;
drop policy if exists system on reconcile_passes;
create policy system on reconcile_passes for select to satchel_system using (true);
grant select on reconcile_passes to satchel_system;
