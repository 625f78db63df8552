-- Retention policies. Owners and admins make and change them, auditors see them; system asks
-- what is due.
alter table retention_policies enable row level security;
alter table retention_policies force row level security;
drop policy if exists tenant on retention_policies;
create policy tenant on retention_policies for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (category, children, purpose, business_need, days, begins, disposal, updated_at) on retention_policies to satchel_app;
drop policy if exists people_read on retention_policies;
create policy people_read on retention_policies for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
drop policy if exists people on retention_policies;
create policy people on retention_policies for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert, delete, update (category, children, purpose, business_need, days, begins, disposal, updated_at) on retention_policies to satchel_people;
drop policy if exists system on retention_policies;
create policy system on retention_policies for select to satchel_system using (true);
grant select on retention_policies to satchel_system;
