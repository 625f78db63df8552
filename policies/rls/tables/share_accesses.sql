-- Every access by a share. Who manages the share sees them; they are never changed, and
-- deleted by app.share_accesses_forget alone.
alter table share_accesses enable row level security;
alter table share_accesses force row level security;
drop policy if exists tenant on share_accesses;
create policy tenant on share_accesses for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert on share_accesses to satchel_app;
drop policy if exists people_read on share_accesses;
create policy people_read on share_accesses for select to satchel_people
    using (organization_id = (select app.people_org()) and app.may_manage_share(share_id));
grant select on share_accesses to satchel_people;
drop policy if exists system on share_accesses;
create policy system on share_accesses for all to satchel_system using (true) with check (true);
grant select, insert on share_accesses to satchel_system;
