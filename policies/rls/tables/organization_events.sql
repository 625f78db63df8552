-- What happened to the organization. Events are written once and never changed.
alter table organization_events enable row level security;
alter table organization_events force row level security;
drop policy if exists tenant on organization_events;
create policy tenant on organization_events for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert on organization_events to satchel_app;
