-- Directives about what becomes of data. Owners and admins record and end them, auditors see them.
alter table dispositions enable row level security;
alter table dispositions force row level security;
drop policy if exists tenant on dispositions;
create policy tenant on dispositions for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (person_id, state, outcome, ended_by, ended_at) on dispositions to satchel_app; -- person_id: app.person_merge
drop policy if exists people_read on dispositions;
create policy people_read on dispositions for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
drop policy if exists people_add on dispositions;
create policy people_add on dispositions for insert to satchel_people
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and recorded_by = (select app.actor()));
drop policy if exists people_change on dispositions;
create policy people_change on dispositions for update to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert, update (state, outcome, ended_by, ended_at) on dispositions to satchel_people;
drop policy if exists system on dispositions;
create policy system on dispositions for all to satchel_system using (true) with check (true);
grant select, update (told) on dispositions to satchel_system;
