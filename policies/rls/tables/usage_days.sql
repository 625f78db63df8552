-- The organization's days. system adds them up by tier.
alter table usage_days enable row level security;
alter table usage_days force row level security;
drop policy if exists tenant on usage_days;
create policy tenant on usage_days for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update on usage_days to satchel_app;
drop policy if exists system on usage_days;
create policy system on usage_days for select to satchel_system using (true);
grant select on usage_days to satchel_system;
