-- Renditions of the organization's versions.
alter table renditions enable row level security;
alter table renditions force row level security;
drop policy if exists tenant on renditions;
create policy tenant on renditions for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on renditions to satchel_app;
