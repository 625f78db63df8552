-- Files of the organization; system finds the trash that is due.
--
-- The access rule of people. The policy checks and the query chooses: each EXISTS
-- compares columns of the row with equality alone, so that Postgres hashes it once a
-- statement, and no array is in it, which would become an index condition and
-- destroy the order of a page. That is why the level is asked in two branches.
alter table files enable row level security;
alter table files force row level security;
drop policy if exists tenant on files;
create policy tenant on files for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on files to satchel_app;
drop policy if exists people_read on files;
create policy people_read on files for select to satchel_people
    using (organization_id = (select app.people_org())
       and ((needs <= 1 and (visible_from is null or visible_from <= now())
              and exists (select from space_members m where m.organization_id = files.organization_id and m.space_id = files.space_id
                       and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now()))
            or exists (select from space_members m where m.organization_id = files.organization_id and m.space_id = files.space_id
                       and m.user_id = (select app.actor()) and m.level >= 3 and m.begins_at <= now() and m.ends_at > now())
            or subject_id = (select app.actor())
            or exists (select from guardianships g -- as the view wards has it, which is made after this
                       left join members s on s.organization_id = g.organization_id and s.user_id = g.student_id
                       left join people p on p.organization_id = g.organization_id and p.user_id = g.student_id
                       where g.organization_id = files.organization_id and g.student_id = files.subject_id and g.parent_id = (select app.actor())
                       and case when s.user_id is not null then s.role = 'student' and not s.service else p.kind = 'student' and p.state <> 'left' end
                       and (p.adult_from is null or p.adult_from > current_date)
                       and not exists (select from members a where a.organization_id = g.organization_id and a.user_id = g.parent_id and a.role = 'student'))
            or (needs <= 1 and (visible_from is null or visible_from <= now())
              and (exists (select from file_links l
                       join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id
                       where l.organization_id = files.organization_id and l.file_id = files.id and l.starts_at <= now() and l.ends_at > now()
                       and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now())
                   or exists (select from folder_paths p
                       join folder_links l on l.organization_id = p.organization_id and l.folder_id = p.ancestor_id and l.starts_at <= now() and l.ends_at > now()
                       join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id
                       where p.organization_id = files.organization_id and p.folder_id = files.folder_id
                       and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now())))
            or (select app.all_spaces())));
-- A file that is handed in is its reader's to change, no longer its writer's.
drop policy if exists people_add on files;
create policy people_add on files for insert to satchel_people
    with check (organization_id = (select app.people_org()) and uploaded_by = (select app.actor())
       and (exists (select from space_members m where m.organization_id = files.organization_id and m.space_id = files.space_id
                       and m.user_id = (select app.actor()) and m.level >= 3 and m.begins_at <= now() and m.ends_at > now())
            or (needs <= 1 or subject_id = (select app.actor()))
              and exists (select from space_members m where m.organization_id = files.organization_id and m.space_id = files.space_id
                       and m.user_id = (select app.actor()) and m.level >= 2 and m.begins_at <= now() and m.ends_at > now())
            or exists (select from folder_paths p
                       join folder_links l on l.organization_id = p.organization_id and l.folder_id = p.ancestor_id and l.starts_at <= now() and l.ends_at > now() and l.level in ('add', 'edit')
                       join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id
                       where p.organization_id = files.organization_id and p.folder_id = files.folder_id
                       and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now())
            or (select app.all_spaces())));
drop policy if exists people_change on files;
create policy people_change on files for update to satchel_people
    using (organization_id = (select app.people_org())
       and (uploaded_by = (select app.actor()) and handed_in_at is null
            or exists (select from space_members m where m.organization_id = files.organization_id and m.space_id = files.space_id
                       and m.user_id = (select app.actor()) and m.level >= 3 and m.begins_at <= now() and m.ends_at > now())
            or exists (select from file_links l
                       join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id
                       where l.organization_id = files.organization_id and l.file_id = files.id and l.starts_at <= now() and l.ends_at > now() and l.level = 'edit'
                       and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now())
            or exists (select from folder_paths p
                       join folder_links l on l.organization_id = p.organization_id and l.folder_id = p.ancestor_id and l.starts_at <= now() and l.ends_at > now() and l.level = 'edit'
                       join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id
                       where p.organization_id = files.organization_id and p.folder_id = files.folder_id
                       and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now())
            or (select app.all_spaces())))
    with check (organization_id = (select app.people_org())
       and (uploaded_by = (select app.actor())
              and exists (select from space_members m where m.organization_id = files.organization_id and m.space_id = files.space_id
                       and m.user_id = (select app.actor()) and m.level >= 2 and m.begins_at <= now() and m.ends_at > now())
            or exists (select from space_members m where m.organization_id = files.organization_id and m.space_id = files.space_id
                       and m.user_id = (select app.actor()) and m.level >= 3 and m.begins_at <= now() and m.ends_at > now())
            or uploaded_by = (select app.actor())
              and exists (select from folder_paths p
                       join folder_links l on l.organization_id = p.organization_id and l.folder_id = p.ancestor_id and l.starts_at <= now() and l.ends_at > now() and l.level in ('add', 'edit')
                       join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id
                       where p.organization_id = files.organization_id and p.folder_id = files.folder_id
                       and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now())
            or exists (select from file_links l
                       join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id
                       where l.organization_id = files.organization_id and l.file_id = files.id and l.starts_at <= now() and l.ends_at > now() and l.level = 'edit'
                       and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now())
            or exists (select from folder_paths p
                       join folder_links l on l.organization_id = p.organization_id and l.folder_id = p.ancestor_id and l.starts_at <= now() and l.ends_at > now() and l.level = 'edit'
                       join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id
                       where p.organization_id = files.organization_id and p.folder_id = files.folder_id
                       and m.user_id = (select app.actor()) and m.begins_at <= now() and m.ends_at > now())
            or (select app.all_spaces())));
grant select, insert, update on files to satchel_people;
drop policy if exists system on files;
create policy system on files for select to satchel_system using (true);
grant select on files to satchel_system;

-- Adds an event to a file and wakes its readers. The file's row is locked while
-- its next number is taken.
create or replace function app.event(org uuid, file uuid, type text, data jsonb) returns void language plpgsql as $$
declare n bigint;
begin
    update files set event_seq = event_seq + 1 where organization_id = org and id = file returning event_seq into n;
    insert into file_events (organization_id, file_id, seq, type, data) values (org, file, n, type, data);
    perform pg_notify('file_events', org || '/' || file);
end $$;

-- Trash and restore are events of the file, like the ends of its versions.
-- Purging the file removes its events.
create or replace function app.file_event() returns trigger language plpgsql as $$
begin
    perform app.event(new.organization_id, new.id, case when new.trashed_at is null then 'restored' else 'trashed' end, '{}');
    return null;
end $$;
create or replace trigger b_event after update of trashed_at on files
    for each row when ((old.trashed_at is null) <> (new.trashed_at is null)) execute function app.file_event();
grant execute on function app.version_follow(), app.file_event(), app.event(uuid, uuid, text, jsonb) to satchel_app;
