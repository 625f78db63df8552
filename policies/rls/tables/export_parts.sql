-- The parts of an export. What one holds never changes.
alter table export_parts enable row level security;
alter table export_parts force row level security;
drop policy if exists tenant on export_parts;
create policy tenant on export_parts for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert on export_parts to satchel_app;
