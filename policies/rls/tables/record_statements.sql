-- Statements about records (34 CFR 99.21(c)). Each reader of the file reads them: the rule asks that they
-- are disclosed with the record. None is changed; they go with the file.
alter table record_statements enable row level security;
alter table record_statements force row level security;
drop policy if exists tenant on record_statements;
create policy tenant on record_statements for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (student_id) on record_statements to satchel_app; -- student_id: app.person_merge
drop policy if exists people_read on record_statements;
create policy people_read on record_statements for select to satchel_people
    using (organization_id = (select app.people_org())
       and ((select app.oversees()) or app.may_read_file(file_id)
            or exists (select from amendments a where a.organization_id = record_statements.organization_id and a.id = record_statements.amendment_id)));
drop policy if exists people_add on record_statements;
create policy people_add on record_statements for insert to satchel_people
    with check (organization_id = (select app.people_org())
       and exists (select from amendments a where a.organization_id = record_statements.organization_id and a.id = record_statements.amendment_id
                     and a.file_id = record_statements.file_id and a.student_id = record_statements.student_id and a.state = 'statement_attached'));
grant select, insert (organization_id, amendment_id, file_id, student_id, statement) on record_statements to satchel_people;
drop policy if exists system on record_statements;
create policy system on record_statements for select to satchel_system using (true);
grant select on record_statements to satchel_system;
