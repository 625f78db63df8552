-- Duties that were done. Owners and admins record them in their own names, auditors see them; no program changes one.
alter table compliance_duties enable row level security;
alter table compliance_duties force row level security;
drop policy if exists tenant on compliance_duties;
create policy tenant on compliance_duties for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on compliance_duties to satchel_app;
drop policy if exists people_read on compliance_duties;
create policy people_read on compliance_duties for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
drop policy if exists people_add on compliance_duties;
create policy people_add on compliance_duties for insert to satchel_people
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and recorded_by = (select app.actor()));
grant select, insert on compliance_duties to satchel_people;
drop policy if exists system on compliance_duties;
create policy system on compliance_duties for all to satchel_system using (true) with check (true);
grant select, update (told) on compliance_duties to satchel_system;
