-- What is known of personal data in the organization's versions; system finds those that are due.
alter table pii_inspections enable row level security;
alter table pii_inspections force row level security;
drop policy if exists tenant on pii_inspections;
create policy tenant on pii_inspections for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (state, detector, unread, capped, asked_at, inspected_at, held, held_by, held_at, decided_by, decided_at) on pii_inspections to satchel_app;
-- Who reads the file reads what is known of it.
drop policy if exists people_read on pii_inspections;
create policy people_read on pii_inspections for select to satchel_people
    using (organization_id = (select app.people_org()) and app.may_read_file(file_id));
grant select on pii_inspections to satchel_people;
drop policy if exists system on pii_inspections;
create policy system on pii_inspections for all to satchel_system using (true) with check (true);
grant select, insert, update, delete on pii_inspections to satchel_system;
