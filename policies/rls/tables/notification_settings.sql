-- How a person is written to. Theirs alone.
alter table notification_settings enable row level security;
alter table notification_settings force row level security;
drop policy if exists tenant on notification_settings;
create policy tenant on notification_settings for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (language, time_zone, quiet_from, quiet_until, digest_hour, updated_at) on notification_settings to satchel_app;
drop policy if exists people on notification_settings;
create policy people on notification_settings for all to satchel_people
    using (organization_id = (select app.people_org()) and user_id = (select app.actor()))
    with check (organization_id = (select app.people_org()) and user_id = (select app.actor()));
grant select, insert, delete, update (language, time_zone, quiet_from, quiet_until, digest_hour, updated_at) on notification_settings to satchel_people;
