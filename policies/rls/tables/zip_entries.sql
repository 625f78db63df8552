-- What is in a zip. Its rows are the zip's.
alter table zip_entries enable row level security;
alter table zip_entries force row level security;
drop policy if exists tenant on zip_entries;
create policy tenant on zip_entries for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (refused), delete on zip_entries to satchel_app;
drop policy if exists people on zip_entries;
create policy people on zip_entries for all to satchel_people
    using (organization_id = (select app.people_org())
       and exists (select from zips z where z.organization_id = zip_entries.organization_id and z.id = zip_entries.zip_id))
    with check (organization_id = (select app.people_org())
       and exists (select from zips z where z.organization_id = zip_entries.organization_id and z.id = zip_entries.zip_id));
grant select, insert, update (refused) on zip_entries to satchel_people;
