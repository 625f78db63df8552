-- Secrets of webhooks, sealed; owners and admins alone change them.
alter table webhook_secrets enable row level security;
alter table webhook_secrets force row level security;
drop policy if exists tenant on webhook_secrets;
create policy tenant on webhook_secrets for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (expires_at) on webhook_secrets to satchel_app;
drop policy if exists people on webhook_secrets;
create policy people on webhook_secrets for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
