-- Logins of the organization that wait for an admin.
alter table login_requests enable row level security;
alter table login_requests force row level security;
drop policy if exists tenant on login_requests;
create policy tenant on login_requests for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on login_requests to satchel_app;
drop policy if exists system on login_requests;
create policy system on login_requests for select to satchel_system using (true);
grant select on login_requests to satchel_system;
