-- Which folders are above which. Triggers alone write it.
alter table folder_paths enable row level security;
alter table folder_paths force row level security;
drop policy if exists tenant on folder_paths;
create policy tenant on folder_paths for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select on folder_paths to satchel_app;
drop policy if exists system on folder_paths;
create policy system on folder_paths for all to satchel_system using (true) with check (true);
grant select, insert, delete on folder_paths to satchel_system;
