-- What the packages of rosters say, of the organization.
alter table roster_rows enable row level security;
alter table roster_rows force row level security;
drop policy if exists tenant on roster_rows;
create policy tenant on roster_rows for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on roster_rows to satchel_app;
