-- Pipeline steps of the organization's versions.
alter table version_steps enable row level security;
alter table version_steps force row level security;
drop policy if exists tenant on version_steps;
create policy tenant on version_steps for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on version_steps to satchel_app;
grant execute on function app.step_event() to satchel_app;
