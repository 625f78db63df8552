-- Warnings that stand.
alter table usage_warnings enable row level security;
alter table usage_warnings force row level security;
drop policy if exists tenant on usage_warnings;
create policy tenant on usage_warnings for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on usage_warnings to satchel_app;
