-- Which database each further cluster is. Functions of system_clusters.sql alone reach it.
alter table cluster_identities enable row level security;
alter table cluster_identities force row level security;
drop policy if exists system on cluster_identities;
create policy system on cluster_identities for all to satchel_system using (true) with check (true);
grant select, insert, update, delete on cluster_identities to satchel_system;
