-- Parts of the organization's uploads.
alter table upload_parts enable row level security;
alter table upload_parts force row level security;
drop policy if exists tenant on upload_parts;
create policy tenant on upload_parts for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on upload_parts to satchel_app;
