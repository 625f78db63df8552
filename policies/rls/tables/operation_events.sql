-- The timelines of the organization's jobs. The triggers of operations write them.
alter table operation_events enable row level security;
alter table operation_events force row level security;
drop policy if exists tenant on operation_events;
create policy tenant on operation_events for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on operation_events to satchel_app;
drop policy if exists system on operation_events;
create policy system on operation_events for all to satchel_system using (true) with check (true);
grant select, insert on operation_events to satchel_system;
