-- Whom to tell of an incident, and until when.
alter table incident_clocks enable row level security;
alter table incident_clocks force row level security;
drop policy if exists tenant on incident_clocks;
create policy tenant on incident_clocks for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (due_at, told_at, told_by, note) on incident_clocks to satchel_app;
drop policy if exists people_read on incident_clocks;
create policy people_read on incident_clocks for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
drop policy if exists people_add on incident_clocks;
create policy people_add on incident_clocks for insert to satchel_people
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
drop policy if exists people_change on incident_clocks;
create policy people_change on incident_clocks for update to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert, update (due_at, told_at, told_by, note) on incident_clocks to satchel_people;
drop policy if exists system on incident_clocks;
create policy system on incident_clocks for select to satchel_system using (true);
grant select on incident_clocks to satchel_system;
