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
    using (organization_id = (select app.people_org()) and app.may_read_file(file_id))
    with check (organization_id = (select app.people_org()) and app.may_read_file(file_id));
