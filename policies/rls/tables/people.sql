-- People of the organization.
alter table people enable row level security;
alter table people force row level security;
drop policy if exists tenant on people;
create policy tenant on people for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on people to satchel_app;
drop policy if exists system on people;
create policy system on people for select to satchel_system using (true);
grant select on people to satchel_system;
