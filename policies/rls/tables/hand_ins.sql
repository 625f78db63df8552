-- What students handed in. The student sees their own, their guardians too, and the
-- staff of the space all of it.
alter table hand_ins enable row level security;
alter table hand_ins force row level security;
drop policy if exists tenant on hand_ins;
create policy tenant on hand_ins for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on hand_ins to satchel_app;
drop policy if exists people_read on hand_ins;
create policy people_read on hand_ins for select to satchel_people
    using (organization_id = (select app.people_org())
       and (student_id = (select app.actor())
            or exists (select from app.my_wards w where w.organization_id = hand_ins.organization_id and w.student_id = hand_ins.student_id)
            or exists (select from folders d join app.my_spaces m on m.organization_id = d.organization_id and m.space_id = d.space_id
                       where d.organization_id = hand_ins.organization_id and d.id = hand_ins.folder_id and m.level >= 3)));
grant select on hand_ins to satchel_people;
drop policy if exists system on hand_ins;
create policy system on hand_ins for all to satchel_system using (true) with check (true);
grant select, insert, update, delete on hand_ins to satchel_system;
