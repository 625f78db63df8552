-- What a person marked for themselves.
alter table stars enable row level security;
alter table stars force row level security;
drop policy if exists tenant on stars;
create policy tenant on stars for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on stars to satchel_app;
drop policy if exists people on stars;
create policy people on stars for all to satchel_people
    using (organization_id = (select app.people_org()) and user_id = (select app.actor()))
    with check (organization_id = (select app.people_org()) and user_id = (select app.actor()) and app.may_read_file(file_id));
grant select, insert, delete on stars to satchel_people;
