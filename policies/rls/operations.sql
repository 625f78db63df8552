-- Operations of the organization.
alter table operations enable row level security;
alter table operations force row level security;
drop policy if exists tenant on operations;
create policy tenant on operations for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on operations to satchel_app;
