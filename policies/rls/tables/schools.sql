-- Schools of the organization.
alter table schools enable row level security;
alter table schools force row level security;
drop policy if exists tenant on schools;
create policy tenant on schools for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on schools to satchel_app;
