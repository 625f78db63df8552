-- Who else gets data. Owners and admins name them; their public list is read by a function.
alter table subprocessors enable row level security;
alter table subprocessors force row level security;
drop policy if exists tenant on subprocessors;
create policy tenant on subprocessors for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (until) on subprocessors to satchel_app;
drop policy if exists people on subprocessors;
create policy people on subprocessors for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert, update (until) on subprocessors to satchel_people;
drop policy if exists system on subprocessors;
create policy system on subprocessors for select to satchel_system using (true);
grant select on subprocessors to satchel_system;
