-- What happened, without names. Only the platform's own work reads it: people see sums, in
-- which small groups are hidden.
alter table activity_events enable row level security;
alter table activity_events force row level security;
drop policy if exists tenant on activity_events;
create policy tenant on activity_events for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on activity_events to satchel_app;
