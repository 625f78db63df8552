-- Parts of the organization's uploads.
alter table upload_parts enable row level security;
alter table upload_parts force row level security;
drop policy if exists tenant on upload_parts;
create policy tenant on upload_parts for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on upload_parts to satchel_app;
-- Who reaches the upload reaches these.
drop policy if exists people on upload_parts;
create policy people on upload_parts for all to satchel_people
    using (organization_id = (select app.people_org())
       and exists (select from uploads p where p.organization_id = upload_parts.organization_id and p.id = upload_parts.upload_id))
    with check (organization_id = (select app.people_org())
       and exists (select from uploads p where p.organization_id = upload_parts.organization_id and p.id = upload_parts.upload_id));
