-- Where personal data is in the organization's versions. They are made and replaced with an
-- inspection, whole.
alter table pii_findings enable row level security;
alter table pii_findings force row level security;
drop policy if exists tenant on pii_findings;
create policy tenant on pii_findings for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (person_id), delete on pii_findings to satchel_app; -- person_id: app.person_merge
-- Who reads the file reads where in it they are.
drop policy if exists people_read on pii_findings;
create policy people_read on pii_findings for select to satchel_people
    using (organization_id = (select app.people_org()) and exists (
        select from pii_inspections i where i.organization_id = pii_findings.organization_id and i.version_id = pii_findings.version_id));
grant select on pii_findings to satchel_people;
drop policy if exists system on pii_findings;
create policy system on pii_findings for all to satchel_system using (true) with check (true);
grant select, delete on pii_findings to satchel_system;
