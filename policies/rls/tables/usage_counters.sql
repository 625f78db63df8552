-- Sums of the organization's days. They are added to, and never taken away.
alter table usage_counters enable row level security;
alter table usage_counters force row level security;
drop policy if exists tenant on usage_counters;
create policy tenant on usage_counters for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update on usage_counters to satchel_app;
drop policy if exists system on usage_counters;
create policy system on usage_counters for select to satchel_system using (true);
grant select on usage_counters to satchel_system;
