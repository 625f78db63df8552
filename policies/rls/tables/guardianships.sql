-- Which parent may read which student's files, of the organization. A link is
-- made and removed, never changed.
alter table guardianships enable row level security;
alter table guardianships force row level security;
drop policy if exists tenant on guardianships;
create policy tenant on guardianships for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on guardianships to satchel_app;
