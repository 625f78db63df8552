-- What a person wants to be told, and how. Theirs alone.
alter table notification_preferences enable row level security;
alter table notification_preferences force row level security;
drop policy if exists tenant on notification_preferences;
create policy tenant on notification_preferences for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (cadence, updated_at) on notification_preferences to satchel_app;
drop policy if exists people on notification_preferences;
create policy people on notification_preferences for all to satchel_people
    using (organization_id = (select app.people_org()) and user_id = (select app.actor()))
    with check (organization_id = (select app.people_org()) and user_id = (select app.actor()));
grant select, insert, delete, update (cadence, updated_at) on notification_preferences to satchel_people;
