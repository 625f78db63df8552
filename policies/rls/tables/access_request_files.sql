-- What is decided about the records of a request: by owners and admins, whatever of the files
-- themselves they may read; auditors see it. app.access_request_collect adds the rows.
alter table access_request_files enable row level security;
alter table access_request_files force row level security;
drop policy if exists tenant on access_request_files;
create policy tenant on access_request_files for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (decision, reason, decided_by, decided_at) on access_request_files to satchel_app;
drop policy if exists people_read on access_request_files;
create policy people_read on access_request_files for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
drop policy if exists people_change on access_request_files;
create policy people_change on access_request_files for update to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and decided_by = (select app.actor()));
grant select, update (decision, reason, decided_by, decided_at) on access_request_files to satchel_people;
drop policy if exists system on access_request_files;
create policy system on access_request_files for all to satchel_system using (true) with check (true);
grant select, insert, update (version_id, students, decision, reason, decided_by, decided_at) on access_request_files to satchel_system;
