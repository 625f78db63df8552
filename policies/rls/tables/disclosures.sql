-- To whom records were disclosed. Nothing but app.disclosure_note adds a row, and none is changed
-- or deleted but with its file. Owners, admins and auditors see all; a student, and the
-- guardians of one, see those about the student (99.32(c)).
alter table disclosures enable row level security;
alter table disclosures force row level security;
drop policy if exists tenant on disclosures;
create policy tenant on disclosures for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert on disclosures to satchel_app;
drop policy if exists people_read on disclosures;
create policy people_read on disclosures for select to satchel_people
    using (organization_id = (select app.people_org())
       and ((select app.oversees())
            or exists (select from disclosure_students s where s.organization_id = disclosures.organization_id and s.disclosure_id = disclosures.id)));
grant select on disclosures to satchel_people;
drop policy if exists system on disclosures;
create policy system on disclosures for all to satchel_system using (true) with check (true);
grant select, insert on disclosures to satchel_system;
