-- The organization's days.
alter table usage_days enable row level security;
alter table usage_days force row level security;
drop policy if exists tenant on usage_days;
create policy tenant on usage_days for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update on usage_days to satchel_app;
