-- How far the cache was told, which is the platform's to know. system finds those who are behind.
alter table edge_cursors enable row level security;
alter table edge_cursors force row level security;
drop policy if exists tenant on edge_cursors;
create policy tenant on edge_cursors for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (position, updated_at) on edge_cursors to satchel_app;
drop policy if exists system on edge_cursors;
create policy system on edge_cursors for select to satchel_system using (true);
grant select on edge_cursors to satchel_system;
