-- What a cache has to be told or was not, which is the platform's to know. system counts
-- it, and writes that an organization is gone.
alter table edge_purges enable row level security;
alter table edge_purges force row level security;
drop policy if exists tenant on edge_purges;
create policy tenant on edge_purges for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (state, since) on edge_purges to satchel_app;
drop policy if exists system on edge_purges;
create policy system on edge_purges for all to satchel_system using (true) with check (true);
grant select, insert, update (state, since) on edge_purges to satchel_system;
