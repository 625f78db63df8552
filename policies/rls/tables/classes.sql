-- Classes of the organization.
alter table classes enable row level security;
alter table classes force row level security;
drop policy if exists tenant on classes;
create policy tenant on classes for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on classes to satchel_app;
