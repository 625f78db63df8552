-- The end of each organization's chain. Only the trigger moves it.
alter table audit_heads enable row level security;
alter table audit_heads force row level security;
drop policy if exists tenant on audit_heads;
create policy tenant on audit_heads for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select on audit_heads to satchel_app;
drop policy if exists system on audit_heads;
create policy system on audit_heads for all to satchel_system using (true) with check (true);
grant select, insert, update, delete on audit_heads to satchel_system;
