-- Decisions of guardians, which are added and never changed. Owners and admins record them; the gate reads them.
alter table consent_decisions enable row level security;
alter table consent_decisions force row level security;
drop policy if exists tenant on consent_decisions;
create policy tenant on consent_decisions for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert on consent_decisions to satchel_app;
drop policy if exists people on consent_decisions;
create policy people on consent_decisions for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert on consent_decisions to satchel_people;
drop policy if exists system on consent_decisions;
create policy system on consent_decisions for select to satchel_system using (true);
grant select on consent_decisions to satchel_system;
