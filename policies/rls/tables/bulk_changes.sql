-- Changes of many files at once. The person who asked for one sees it, and no other; system
-- finds those that have not ended.
alter table bulk_changes enable row level security;
alter table bulk_changes force row level security;
drop policy if exists tenant on bulk_changes;
create policy tenant on bulk_changes for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on bulk_changes to satchel_app;
drop policy if exists people on bulk_changes;
create policy people on bulk_changes for all to satchel_people
    using (organization_id = (select app.people_org()) and actor_id = (select app.actor()))
    with check (organization_id = (select app.people_org()) and actor_id = (select app.actor()));
grant select, insert on bulk_changes to satchel_people;
drop policy if exists system on bulk_changes;
create policy system on bulk_changes for select to satchel_system using (true);
grant select on bulk_changes to satchel_system;
