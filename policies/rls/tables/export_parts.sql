-- The parts of an export. What one holds never changes. Who sees the export sees them.
alter table export_parts enable row level security;
alter table export_parts force row level security;
drop policy if exists tenant on export_parts;
create policy tenant on export_parts for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert on export_parts to satchel_app;
drop policy if exists people_read on export_parts;
create policy people_read on export_parts for select to satchel_people
    using (organization_id = (select app.people_org())
       and exists (select from exports x where x.organization_id = export_parts.organization_id and x.id = export_parts.export_id));
grant select on export_parts to satchel_people;
