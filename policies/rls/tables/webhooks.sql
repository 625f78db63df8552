-- Webhooks of the organization; owners and admins alone see them. system finds those
-- that have something to deliver.
alter table webhooks enable row level security;
alter table webhooks force row level security;
drop policy if exists tenant on webhooks;
create policy tenant on webhooks for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (url, description, types, state, disabled_code, disabled_at, position, failing_since, failures, open_at, turn, mail, updated_at)
    on webhooks to satchel_app;
drop policy if exists people on webhooks;
create policy people on webhooks for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
drop policy if exists system on webhooks;
create policy system on webhooks for select to satchel_system using (true);
grant select on webhooks to satchel_system;
