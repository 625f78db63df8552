-- How many jobs of each kind the organization has. The triggers of operations keep them.
alter table operation_counts enable row level security;
alter table operation_counts force row level security;
drop policy if exists tenant on operation_counts;
create policy tenant on operation_counts for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update on operation_counts to satchel_app;
drop policy if exists system on operation_counts;
create policy system on operation_counts for all to satchel_system using (true) with check (true);
grant select, insert, update on operation_counts to satchel_system;
