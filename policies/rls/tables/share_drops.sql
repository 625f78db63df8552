-- What visitors dropped. Who manages the share sees them; rows come by app.share_drop.
alter table share_drops enable row level security;
alter table share_drops force row level security;
drop policy if exists tenant on share_drops;
create policy tenant on share_drops for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on share_drops to satchel_app;
drop policy if exists people_read on share_drops;
create policy people_read on share_drops for select to satchel_people
    using (organization_id = (select app.people_org()) and app.may_manage_share(share_id));
grant select on share_drops to satchel_people;
drop policy if exists system on share_drops;
create policy system on share_drops for all to satchel_system using (true) with check (true);
grant select, insert, update on share_drops to satchel_system;
