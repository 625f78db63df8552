-- Terms of the organization.
alter table terms enable row level security;
alter table terms force row level security;
drop policy if exists tenant on terms;
create policy tenant on terms for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on terms to satchel_app;
