-- What is delivered to webhooks; owners and admins alone see it. system finds what is due.
alter table webhook_deliveries enable row level security;
alter table webhook_deliveries force row level security;
drop policy if exists tenant on webhook_deliveries;
create policy tenant on webhook_deliveries for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (state, code, attempts, round, first_at, next_at, ended_at) on webhook_deliveries to satchel_app;
drop policy if exists people on webhook_deliveries;
create policy people on webhook_deliveries for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
drop policy if exists system on webhook_deliveries;
create policy system on webhook_deliveries for select to satchel_system using (true);
grant select on webhook_deliveries to satchel_system;
