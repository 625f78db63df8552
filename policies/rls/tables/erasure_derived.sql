-- Documents that were made from what an erasure erased. Who oversees sees them.
alter table erasure_derived enable row level security;
alter table erasure_derived force row level security;
drop policy if exists tenant on erasure_derived;
create policy tenant on erasure_derived for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert on erasure_derived to satchel_app;
drop policy if exists people_read on erasure_derived;
create policy people_read on erasure_derived for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
grant select on erasure_derived to satchel_people;
