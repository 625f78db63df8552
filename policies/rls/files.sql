-- Files of the organization; system finds the trash that is due.
alter table files enable row level security;
alter table files force row level security;
drop policy if exists tenant on files;
create policy tenant on files for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on files to satchel_app;
grant execute on function app.version_follow(), app.file_event(), app.event(uuid, uuid, text, jsonb) to satchel_app;
drop policy if exists system on files;
create policy system on files for select to satchel_system using (true);
grant select on files to satchel_system;
