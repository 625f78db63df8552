-- Versions of the organization; system finds those that wait for a workflow.
alter table file_versions enable row level security;
alter table file_versions force row level security;
drop policy if exists tenant on file_versions;
create policy tenant on file_versions for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on file_versions to satchel_app;
grant execute on function app.version_event(), app.version_quota(), app.admit(bigint) to satchel_app;
drop policy if exists system on file_versions;
create policy system on file_versions for select to satchel_system using (true);
grant select on file_versions to satchel_system;
