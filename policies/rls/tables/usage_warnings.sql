-- The organization's open warnings. system finds those that are due, and
-- those whose mail waits.
alter table usage_warnings enable row level security;
alter table usage_warnings force row level security;
drop policy if exists tenant on usage_warnings;
create policy tenant on usage_warnings for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (event_id, mail, mail_code, started_at, mailed_at) on usage_warnings to satchel_app;
drop policy if exists system on usage_warnings;
create policy system on usage_warnings for select to satchel_system using (true);
grant select on usage_warnings to satchel_system;
