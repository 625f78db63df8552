-- Who may read whose files as a guardian. A link outlives changes of roles, and has an
-- effect while the guardian is no student, and the ward is one here and not known to be
-- of age (34 CFR 99.5: the rights of parents pass to a student who is 18).
create or replace view wards with (security_invoker = true) as
select g.organization_id, g.parent_id as guardian_id, g.student_id as ward_id
  from guardianships g
  left join members m on m.organization_id = g.organization_id and m.user_id = g.student_id
  left join people p on p.organization_id = g.organization_id and p.user_id = g.student_id
 where case when m.user_id is not null then m.role = 'student' and not m.service else p.kind = 'student' and p.state <> 'left' end
   and (p.adult_from is null or p.adult_from > current_date)
   and not exists (select from members a where a.organization_id = g.organization_id and a.user_id = g.parent_id and a.role = 'student');
grant select on wards to satchel_app, satchel_views;

-- Where the actor is now. The access rule asks this view and those below: they belong
-- to satchel_views, for which the rule of each table beneath them is one line, so that
-- the rules do not nest into each other.
create or replace view app.my_spaces as
select m.organization_id, m.space_id, m.level from space_members m
 where m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now();

-- Files that are shown in a space of the actor, and how far.
create or replace view app.linked_files as
select l.organization_id, l.file_id, l.level from file_links l
  join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id
 where l.starts_at <= now() and l.ends_at > now() and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now();

-- Folders that are shown in a space of the actor, with all that is below them.
create or replace view app.linked_folders as
select p.organization_id, p.folder_id, l.level from folder_links l
  join folder_paths p on p.organization_id = l.organization_id and p.ancestor_id = l.folder_id
  join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id
 where l.starts_at <= now() and l.ends_at > now() and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now();

-- Shares with the actor, by name or as one of a class.
create or replace view app.received_shares as
select r.organization_id, r.share_id from share_recipients r
 where r.ended_at is null
   and (r.user_id = (select app.actor())
        or exists (select from spaces s join space_members m on m.organization_id = s.organization_id and m.space_id = s.id
                    where s.organization_id = r.organization_id and s.class_id = r.class_id and s.kind = 'class'
                      and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now()));

-- Whose guardian the actor is.
create or replace view app.my_wards as
select w.organization_id, w.ward_id as student_id from wards w where w.guardian_id = (select app.actor());

do $$
declare t text;
begin
    foreach t in array array['space_members', 'spaces', 'file_links', 'folder_links', 'folder_paths', 'guardianships', 'members', 'people'] loop
        execute format('drop policy if exists views on %I', t);
        execute format('create policy views on %I for select to satchel_views using (organization_id = (select app.people_org()))', t);
        execute format('grant select on %I to satchel_views', t);
    end loop;
    foreach t in array array['my_spaces', 'linked_files', 'linked_folders', 'received_shares', 'my_wards'] loop
        execute format('alter view app.%I owner to satchel_views', t);
        execute format('revoke all on app.%I from satchel_views', t);
        execute format('grant select on app.%I to satchel_people, satchel_views', t);
    end loop;
end $$;

-- Whether the actor has the rights about a student: as a guardian, or as the student who is of age (34 CFR 99.5).
create or replace function app.my_student(student uuid) returns boolean language plpgsql stable as $$
begin
    return exists (select from app.my_wards w where w.student_id = student)
        or student = app.actor() and exists (select from people p where p.organization_id = (select app.people_org()) and p.user_id = student and p.adult_from <= current_date);
end $$;
grant execute on function app.my_student(uuid) to satchel_people;

-- Whether a person is of the student's side: the student, or a guardian, whatever the student's age. Who is
-- decides nothing about the student for the school.
create or replace function app.of_student(student uuid, who uuid) returns boolean language plpgsql stable as $$
begin
    return student = who or exists (select from guardianships g where g.organization_id = (select app.people_org()) and g.student_id = student and g.parent_id = who);
end $$;
grant execute on function app.of_student(uuid, uuid) to satchel_people;
