-- Batches that were added already; old ones are deleted.
alter table usage_flushes enable row level security;
alter table usage_flushes force row level security;
drop policy if exists tenant on usage_flushes;
create policy tenant on usage_flushes for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on usage_flushes to satchel_app;
