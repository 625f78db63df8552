-- What an organization decided about children's data. Owners and admins see and change it; the gate reads it.
alter table coppa_settings enable row level security;
alter table coppa_settings force row level security;
drop policy if exists tenant on coppa_settings;
create policy tenant on coppa_settings for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (gate, youngest_grade, hold_days, own_webhooks, own_webhooks_reason, incident_hours, updated_at) on coppa_settings to satchel_app;
drop policy if exists people on coppa_settings;
create policy people on coppa_settings for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert, update (gate, youngest_grade, hold_days, own_webhooks, own_webhooks_reason, incident_hours, updated_at) on coppa_settings to satchel_people;
-- The time of incidents is among them, which auditors read.
drop policy if exists people_read on coppa_settings;
create policy people_read on coppa_settings for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
drop policy if exists system on coppa_settings;
create policy system on coppa_settings for select to satchel_system using (true);
grant select on coppa_settings to satchel_system;
