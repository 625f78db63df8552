-- Incidents. Owners and admins record, confirm and close them, auditors see them.
alter table incidents enable row level security;
alter table incidents force row level security;
drop policy if exists tenant on incidents;
create policy tenant on incidents for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (affected, confirmed_at, state, closing, closed_by, closed_at) on incidents to satchel_app;
drop policy if exists people_read on incidents;
create policy people_read on incidents for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
drop policy if exists people_add on incidents;
create policy people_add on incidents for insert to satchel_people
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and recorded_by = (select app.actor()));
drop policy if exists people_change on incidents;
create policy people_change on incidents for update to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert, update (affected, confirmed_at, state, closing, closed_by, closed_at) on incidents to satchel_people;
drop policy if exists system on incidents;
create policy system on incidents for select to satchel_system using (true);
grant select on incidents to satchel_system;
