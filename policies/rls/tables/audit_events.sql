-- The application adds events and reads them. What it gives is the event alone:
-- the place in the chain is the trigger's (system_audit.sql), and no one
-- changes or removes a row but app.organization_delete_rows, when an organization goes.
-- Partitioned by month, which its default sets. A key is one of each partition; that a number
-- is in one month alone comes from the head's row (audit_heads), which is locked while the next
-- number is taken.
alter table audit_events enable row level security;
alter table audit_events force row level security;
drop policy if exists tenant on audit_events;
create policy tenant on audit_events for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert (organization_id, event) on audit_events to satchel_app;
drop policy if exists system on audit_events;
create policy system on audit_events for all to satchel_system using (true) with check (true);
grant select, delete on audit_events to satchel_system;
