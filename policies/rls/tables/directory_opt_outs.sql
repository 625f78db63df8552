-- Who opted out of directory information. The word is a guardian's while the student is no adult,
-- and then the student's, who may take back what a guardian said (34 CFR 99.5, 99.37(b)). Owners
-- and admins record what came on paper. A student, the guardians, and who oversees see it.
alter table directory_opt_outs enable row level security;
alter table directory_opt_outs force row level security;
drop policy if exists tenant on directory_opt_outs;
create policy tenant on directory_opt_outs for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (opted_out, recorded_by, at) on directory_opt_outs to satchel_app; -- delete: app.person_merge
drop policy if exists people_read on directory_opt_outs;
create policy people_read on directory_opt_outs for select to satchel_people
    using (organization_id = (select app.people_org())
       and ((select app.oversees()) or student_id = (select app.actor()) or holder_id = (select app.actor())
            or exists (select from app.my_wards w where w.organization_id = directory_opt_outs.organization_id and w.student_id = directory_opt_outs.student_id)));
drop policy if exists people_add on directory_opt_outs;
create policy people_add on directory_opt_outs for insert to satchel_people
    with check (organization_id = (select app.people_org()) and recorded_by = (select app.actor())
       and ((select app.is_admin())
            or holder_id = (select app.actor())
               and (student_id = (select app.actor()) and exists (select from people p where p.organization_id = directory_opt_outs.organization_id and p.user_id = directory_opt_outs.student_id and p.adult_from <= current_date)
                    or exists (select from app.my_wards w where w.organization_id = directory_opt_outs.organization_id and w.student_id = directory_opt_outs.student_id))));
drop policy if exists people_change on directory_opt_outs;
create policy people_change on directory_opt_outs for update to satchel_people
    using (organization_id = (select app.people_org())
       and ((select app.is_admin())
            or student_id = (select app.actor()) and exists (select from people p where p.organization_id = directory_opt_outs.organization_id and p.user_id = directory_opt_outs.student_id and p.adult_from <= current_date)
            or holder_id = (select app.actor())
               and exists (select from app.my_wards w where w.organization_id = directory_opt_outs.organization_id and w.student_id = directory_opt_outs.student_id)))
    with check (organization_id = (select app.people_org()) and recorded_by = (select app.actor()));
grant select, insert (organization_id, student_id, holder_id, opted_out, recorded_by), update (opted_out, recorded_by, at) on directory_opt_outs to satchel_people;
drop policy if exists system on directory_opt_outs;
create policy system on directory_opt_outs for select to satchel_system using (true);
grant select on directory_opt_outs to satchel_system;
