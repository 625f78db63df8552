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
create policy people_read on files for select to satchel_people, satchel_views
    using (organization_id = (select app.people_org())
       and (held_since is null or uploaded_by = (select app.actor()) or (select app.organization_wide()) or (select app.is_admin()))
       and ((select app.organization_wide())
            or needs <= 1 and (visible_from is null or visible_from <= now())
              and (exists (select from app.my_spaces m where m.organization_id = files.organization_id and m.space_id = files.space_id)
                   or exists (select from app.linked_files l where l.organization_id = files.organization_id and l.file_id = files.id)
                   or exists (select from app.linked_folders l where l.organization_id = files.organization_id and l.folder_id = files.folder_id))
            or exists (select from app.my_spaces m where m.organization_id = files.organization_id and m.space_id = files.space_id and m.level >= 3)
            or subject_id = (select app.actor())
            or exists (select from app.my_wards w where w.organization_id = files.organization_id and w.student_id = files.subject_id)
            or (select app.all_spaces())));
-- A file that is handed in is its reader's to change, no longer its writer's.
drop policy if exists people_add on files;
create policy people_add on files for insert to satchel_people
    with check (organization_id = (select app.people_org()) and uploaded_by = (select app.actor())
       and (exists (select from app.my_spaces m where m.organization_id = files.organization_id and m.space_id = files.space_id and m.level >= 3)
            or (needs <= 1 or subject_id = (select app.actor()))
              and exists (select from app.my_spaces m where m.organization_id = files.organization_id and m.space_id = files.space_id and m.level >= 2)
            or exists (select from app.linked_folders l where l.organization_id = files.organization_id and l.folder_id = files.folder_id and l.level in ('add', 'edit'))
            or (select app.all_spaces())));
drop policy if exists people_change on files;
create policy people_change on files for update to satchel_people
    using (organization_id = (select app.people_org()) and app.may_change_file(id))
    with check (organization_id = (select app.people_org())
       and (uploaded_by = (select app.actor())
              and exists (select from app.my_spaces m where m.organization_id = files.organization_id and m.space_id = files.space_id and m.level >= 2)
            or exists (select from app.my_spaces m where m.organization_id = files.organization_id and m.space_id = files.space_id and m.level >= 3)
            or uploaded_by = (select app.actor())
              and exists (select from app.linked_folders l where l.organization_id = files.organization_id and l.folder_id = files.folder_id and l.level in ('add', 'edit'))
            or exists (select from app.linked_files l where l.organization_id = files.organization_id and l.file_id = files.id and l.level = 'edit')
            or exists (select from app.linked_folders l where l.organization_id = files.organization_id and l.folder_id = files.folder_id and l.level = 'edit')
            or (select app.all_spaces())));
grant select, insert, update on files to satchel_people;
drop policy if exists system on files;
create policy system on files for select to satchel_system using (true);
grant select on files to satchel_system;

-- Wakes those who wait for a change of a file. Each notification wakes every listening connection of the
-- database, so there is none where no process has the lock of the id's last byte (tenancy.Watched): a process
-- that wants it from now on gets it after the end of this transaction, and looks then.
create or replace function app.wake(org uuid, thing uuid) returns void language plpgsql as $$
begin
    if not pg_try_advisory_xact_lock(5147, get_byte(uuid_send(thing), 15)) then
        perform pg_notify('file_events', org || '/' || thing);
    end if;
end $$;

-- Adds events of one type to a file and wakes its readers. The file's row is locked while
-- its next numbers are taken.
create or replace function app.events(org uuid, file uuid, type text, data jsonb[]) returns void language plpgsql as $$
declare n bigint;
begin
    update files set event_seq = event_seq + cardinality(data) where organization_id = org and id = file returning event_seq into n;
    insert into file_events (organization_id, file_id, seq, type, data)
    select org, file, n - cardinality(events.data) + d.place, events.type, d.said from unnest(events.data) with ordinality d (said, place);
    perform app.wake(org, file);
end $$;
create or replace function app.event(org uuid, file uuid, type text, data jsonb) returns void language sql as $$ select app.events(org, file, type, array[data]) $$;

-- Trash and restore are events of the file, like the ends of its versions.
-- Purging the file removes its events.
create or replace function app.file_event() returns trigger language plpgsql as $$
begin
    perform app.event(new.organization_id, new.id, case when new.trashed_at is null then 'restored' else 'trashed' end, '{}');
    return null;
end $$;
create or replace trigger b_event after update of trashed_at on files
    for each row when ((old.trashed_at is null) <> (new.trashed_at is null)) execute function app.file_event();
grant execute on function app.wake(uuid, uuid) to satchel_app, satchel_system;
grant execute on function app.file_event(), app.event(uuid, uuid, text, jsonb), app.events(uuid, uuid, text, jsonb[]) to satchel_app;
