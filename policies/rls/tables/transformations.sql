-- Pictures of the organization's versions that were asked for. A request reads them after
-- it has asked for the right to the version.
alter table transformations enable row level security;
alter table transformations force row level security;
drop policy if exists tenant on transformations;
create policy tenant on transformations for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on transformations to satchel_app;
-- Who reaches the version reaches these.
drop policy if exists people on transformations;
create policy people on transformations for all to satchel_people
    using (organization_id = (select app.people_org()) and app.may_read_version(version_id))
    with check (organization_id = (select app.people_org()) and app.may_read_version(version_id));
-- The sweep asks which were not used for long.
drop policy if exists system on transformations;
create policy system on transformations for select to satchel_system using (true);
grant select on transformations to satchel_system;
