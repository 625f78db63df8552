-- What was sent to webhooks and what came back; owners and admins alone see it.
alter table webhook_attempts enable row level security;
alter table webhook_attempts force row level security;
drop policy if exists tenant on webhook_attempts;
create policy tenant on webhook_attempts for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on webhook_attempts to satchel_app;
drop policy if exists people on webhook_attempts;
create policy people on webhook_attempts for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
