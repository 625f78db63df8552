-- The versions of an erasure. Who oversees sees them.
alter table erasure_items enable row level security;
alter table erasure_items force row level security;
drop policy if exists tenant on erasure_items;
create policy tenant on erasure_items for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (state, reason, hold_id, encrypted, size, sha256, updated_at) on erasure_items to satchel_app;
drop policy if exists people_read on erasure_items;
create policy people_read on erasure_items for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
grant select on erasure_items to satchel_people;
drop policy if exists system on erasure_items;
create policy system on erasure_items for select to satchel_system using (true);
grant select on erasure_items to satchel_system;
