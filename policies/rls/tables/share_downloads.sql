-- Downloads by people outside. Who manages the share sees them.
alter table share_downloads enable row level security;
alter table share_downloads force row level security;
drop policy if exists tenant on share_downloads;
create policy tenant on share_downloads for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on share_downloads to satchel_app;
drop policy if exists people_read on share_downloads;
create policy people_read on share_downloads for select to satchel_people
    using (organization_id = (select app.people_org()) and app.may_manage_share(share_id));
grant select on share_downloads to satchel_people;
drop policy if exists system on share_downloads;
create policy system on share_downloads for all to satchel_system using (true) with check (true);
grant select, insert, update on share_downloads to satchel_system;
