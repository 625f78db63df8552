-- Uploads of the organization; system finds those past their time.
alter table uploads enable row level security;
alter table uploads force row level security;
drop policy if exists tenant on uploads;
create policy tenant on uploads for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on uploads to satchel_app;
drop policy if exists system on uploads;
create policy system on uploads for select to satchel_system using (true);
grant select on uploads to satchel_system;

-- Who reaches the version reaches these.
drop policy if exists people on uploads;
create policy people on uploads for all to satchel_people
    using (organization_id = (select app.people_org()) and app.may_read_version(version_id))
    with check (organization_id = (select app.people_org()) and app.may_read_version(version_id));
