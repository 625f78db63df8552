-- Events are written once and never changed; they go with their file.
alter table file_events enable row level security;
alter table file_events force row level security;
drop policy if exists tenant on file_events;
create policy tenant on file_events for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on file_events to satchel_app;
-- Who reaches the file reaches these.
drop policy if exists people on file_events;
create policy people on file_events for all to satchel_people
    using (organization_id = (select app.people_org())
       and exists (select from files p where p.organization_id = file_events.organization_id and p.id = file_events.file_id))
    with check (organization_id = (select app.people_org())
       and exists (select from files p where p.organization_id = file_events.organization_id and p.id = file_events.file_id));
