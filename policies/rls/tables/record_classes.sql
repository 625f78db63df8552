-- What a file is under 34 CFR 99.3, where an owner or admin said so, whatever of the file itself they
-- may read. Who reads the file and who oversees the organization see it.
alter table record_classes enable row level security;
alter table record_classes force row level security;
drop policy if exists tenant on record_classes;
create policy tenant on record_classes for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (class, reason, categories, decided_by, decided_at) on record_classes to satchel_app;
drop policy if exists people_read on record_classes;
create policy people_read on record_classes for select to satchel_people
    using (organization_id = (select app.people_org()) and ((select app.oversees()) or app.may_read_file(file_id)));
drop policy if exists people_add on record_classes;
create policy people_add on record_classes for insert to satchel_people
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and decided_by = (select app.actor()));
drop policy if exists people_change on record_classes;
create policy people_change on record_classes for update to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and decided_by = (select app.actor()));
grant select, insert (organization_id, file_id, class, reason, categories, decided_by), update (class, reason, categories, decided_by, decided_at) on record_classes to satchel_people;
drop policy if exists system on record_classes;
create policy system on record_classes for select to satchel_system using (true);
grant select on record_classes to satchel_system;
