-- An organization sees the tier it is in. Operators read and change all of them
-- through system_tiers.sql.
alter table tiers enable row level security;
alter table tiers force row level security;
drop policy if exists tenant on tiers;
create policy tenant on tiers for select to satchel_app
    using (exists (select from organizations o where o.id = (select app.org()) and o.tier = tiers.name));
grant select on tiers to satchel_app;
drop policy if exists system on tiers;
create policy system on tiers for all to satchel_system using (true) with check (true);
grant select, insert, update on tiers to satchel_system;
