-- Renditions of the organization's versions.
alter table renditions enable row level security;
alter table renditions force row level security;
drop policy if exists tenant on renditions;
create policy tenant on renditions for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on renditions to satchel_app;
-- Who reaches the version reaches these.
drop policy if exists people on renditions;
create policy people on renditions for all to satchel_people
    using (organization_id = (select app.people_org()) and app.may_read_version(version_id))
    with check (organization_id = (select app.people_org()) and app.may_read_version(version_id));
