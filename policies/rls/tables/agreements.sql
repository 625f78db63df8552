-- Authorizations of the school. Owners, admins and operators record and end them; the gate reads them.
alter table agreements enable row level security;
alter table agreements force row level security;
drop policy if exists tenant on agreements;
create policy tenant on agreements for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (ended_at, warned_at) on agreements to satchel_app;
drop policy if exists system on agreements;
create policy system on agreements for select to satchel_system using (true);
grant select on agreements to satchel_system;
