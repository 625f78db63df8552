-- Where organizations are that are in another cluster. Functions of system_clusters.sql alone reach it.
alter table organization_places enable row level security;
alter table organization_places force row level security;
drop policy if exists system on organization_places;
create policy system on organization_places for all to satchel_system using (true) with check (true);
grant select, insert, update, delete on organization_places to satchel_system;
