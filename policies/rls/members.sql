-- Memberships of the organization. system looks across them to find out who is calling.
alter table members enable row level security;
alter table members force row level security;
drop policy if exists tenant on members;
create policy tenant on members for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (role), delete on members to satchel_app;
drop policy if exists system on members;
create policy system on members for all to satchel_system using (true) with check (true);
grant select, insert on members to satchel_system;
