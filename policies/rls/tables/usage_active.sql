-- Who was active, until the day is final.
alter table usage_active enable row level security;
alter table usage_active force row level security;
drop policy if exists tenant on usage_active;
create policy tenant on usage_active for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on usage_active to satchel_app;
