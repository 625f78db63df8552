-- Which clusters know a login. Functions of system_clusters.sql alone reach it.
alter table login_places enable row level security;
alter table login_places force row level security;
drop policy if exists system on login_places;
create policy system on login_places for all to satchel_system using (true) with check (true);
grant select, insert, update, delete on login_places to satchel_system;
