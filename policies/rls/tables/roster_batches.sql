-- Which changes of an import are applied, of the organization.
alter table roster_batches enable row level security;
alter table roster_batches force row level security;
drop policy if exists tenant on roster_batches;
create policy tenant on roster_batches for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on roster_batches to satchel_app;
