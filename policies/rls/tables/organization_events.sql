-- What happened in the organization: the outbox of webhooks and of those who poll. An
-- event is written once; later it gets its number, and after its time it goes.
alter table organization_events enable row level security;
alter table organization_events force row level security;
drop policy if exists tenant on organization_events;
create policy tenant on organization_events for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (seq) on organization_events to satchel_app;
-- Functions of the system change members and spaces, whose triggers write here.
drop policy if exists system on organization_events;
create policy system on organization_events for all to satchel_system using (true) with check (true);
grant select, insert on organization_events to satchel_system;

-- Writes events and wakes those who deliver them. While an organization is removed, its
-- rows say nothing: its events are removed with them. data holds ids, codes and numbers,
-- and nothing of a person; tenancy/events has the table of all types. Those who deliver are webhooks, and the
-- cache in front of the content host, which is told of ends: of the commonest events it hears nothing. A webhook
-- that becomes active at the moment of an event has it by the sweep.
create or replace function app.tell(org uuid, type text, data jsonb) returns void language plpgsql as $$
begin
    if coalesce(current_setting('app.deleting', true), '') = org::text then return; end if;
    insert into organization_events (organization_id, id, type, data) values (org, app.new_id(), type, data);
    if type not in ('version.created', 'file.published', 'preview.added') or exists (select from webhooks w where w.organization_id = org and w.state = 'active') then
        perform pg_notify('organization_events', org::text);
    end if;
end $$;

-- Numbers the committed events. The lock is a statement before the others: those see what
-- its holder before has committed.
create or replace function app.number_events() returns void language plpgsql as $$
begin
    if not exists (select from organization_events where organization_id = (select app.org()) and seq is null) then return; end if;
    perform pg_advisory_xact_lock(hashtextextended('events/' || app.org()::text, 0));
    update organization_events e set seq = b.last + u.place
      from (select n, row_number() over (order by n) as place from organization_events where organization_id = (select app.org()) and seq is null) u,
           (select coalesce(max(seq), 0) as last from organization_events where organization_id = (select app.org())) b
     where e.organization_id = (select app.org()) and e.n = u.n;
end $$;

-- Files and their versions. Of a reason only its code leaves: what follows the colon may
-- be text of the file.
drop trigger if exists d_tell on file_versions;
drop function if exists app.tell_version(), app.version_told(uuid, uuid, uuid, integer);
create or replace function app.version_told(v file_versions, place uuid) returns jsonb language sql immutable as $$
    select jsonb_build_object('file_id', v.file_id, 'space_id', place, 'version_id', v.id, 'version', v.number)
$$;
-- Tells that a version came, or came to a state. app.version_follow calls it.
create or replace function app.tell_version(v file_versions, came boolean, place uuid) returns void language plpgsql as $$
declare
    what text := case v.status::text when 'published' then 'file.published' when 'quarantined' then 'file.quarantined' when 'held' then 'file.held'
                      when 'deleted' then 'version.deleted' when 'rejected' then 'file.rejected' when 'failed' then 'file.rejected' when 'expired' then 'file.rejected' end;
begin
    if came then
        perform app.tell(v.organization_id, 'version.created', app.version_told(v, place) || jsonb_build_object('size', v.size));
    end if;
    if what is not null then
        perform app.tell(v.organization_id, what, app.version_told(v, place) || case what
            when 'file.published' then jsonb_build_object('size', v.size, 'mime_type', v.mime_type, 'sha256', v.sha256)
            when 'version.deleted' then '{}'
            else jsonb_build_object('status', v.status, 'code', split_part(v.status_reason, ':', 1)) end);
    end if;
end $$;

create or replace function app.tell_preview() returns trigger language plpgsql as $$
begin
    perform app.tell(new.organization_id, 'preview.added', app.version_told(new, (select f.space_id from files f where f.organization_id = new.organization_id and f.id = new.file_id)));
    return null;
end $$;
create or replace trigger d_tell_preview after update of preview on file_versions
    for each row when (new.preview = 'ready' and old.preview <> 'ready') execute function app.tell_preview();

create or replace function app.tell_file() returns trigger language plpgsql as $$
declare data jsonb := jsonb_build_object('file_id', coalesce(new.id, old.id), 'space_id', coalesce(new.space_id, old.space_id));
begin
    if tg_op = 'DELETE' then
        perform app.tell(old.organization_id, 'file.deleted', data);
        return null;
    end if;
    if (new.space_id, new.folder_id) is distinct from (old.space_id, old.folder_id) then
        perform app.tell(new.organization_id, 'file.moved', data || jsonb_build_object('folder_id', new.folder_id, 'from_space_id', old.space_id, 'from_folder_id', old.folder_id));
    end if;
    if (new.name, new.description, new.category) is distinct from (old.name, old.description, old.category) then
        perform app.tell(new.organization_id, 'file.changed', data);
    end if;
    if (new.trashed_at is null) <> (old.trashed_at is null) then
        perform app.tell(new.organization_id, case when new.trashed_at is null then 'file.restored' else 'file.trashed' end, data);
    end if;
    return null;
end $$;
create or replace trigger d_tell after delete or update of space_id, folder_id, name, description, category, trashed_at on files
    for each row execute function app.tell_file();

create or replace function app.tell_folder() returns trigger language plpgsql as $$
declare data jsonb := jsonb_build_object('folder_id', coalesce(new.id, old.id), 'space_id', coalesce(new.space_id, old.space_id));
begin
    if tg_op = 'INSERT' then
        perform app.tell(new.organization_id, 'folder.created', data || jsonb_build_object('parent_id', new.parent_id, 'mode', new.mode));
    elsif tg_op = 'DELETE' then
        perform app.tell(old.organization_id, 'folder.deleted', data);
    elsif (new.space_id, new.parent_id) is distinct from (old.space_id, old.parent_id) then
        perform app.tell(new.organization_id, 'folder.moved', data || jsonb_build_object('parent_id', new.parent_id, 'from_space_id', old.space_id, 'from_parent_id', old.parent_id));
    elsif new is distinct from old then
        perform app.tell(new.organization_id, 'folder.changed', data);
    end if;
    return null;
end $$;
create or replace trigger d_tell after insert or delete or update on folders for each row execute function app.tell_folder();

create or replace function app.tell_hand_in() returns trigger language plpgsql as $$
declare data jsonb := jsonb_build_object('folder_id', coalesce(new.folder_id, old.folder_id), 'student_id', coalesce(new.student_id, old.student_id));
begin
    if tg_op = 'INSERT' then
        perform app.tell(new.organization_id, 'hand_in.submitted', data);
    elsif tg_op = 'DELETE' then
        perform app.tell(old.organization_id, 'hand_in.withdrawn', data);
    elsif new.returned_at is not null and old.returned_at is null then
        perform app.tell(new.organization_id, 'hand_in.returned', data);
    end if;
    return null;
end $$;
create or replace trigger d_tell after insert or delete or update on hand_ins for each row execute function app.tell_hand_in();

-- The end of an import is written by the program, with its counts.
create or replace function app.tell_roster_import() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' or new.state <> old.state and new.state = 'waiting' then
        perform app.tell(new.organization_id, 'roster.import.' || new.state, jsonb_build_object('import_id', new.id, 'source_id', new.source_id));
    end if;
    return null;
end $$;
create or replace trigger d_tell after insert or update of state on roster_imports for each row execute function app.tell_roster_import();

-- A roster changes thousands of the following in one statement, so a statement writes
-- its events at once. A service account is no member to others.
create or replace function app.tell_rows() returns trigger language plpgsql as $$
begin
    if coalesce(current_setting('app.deleting', true), '') <> '' then return null; end if;
    if tg_table_name = 'members' then
        insert into organization_events (organization_id, id, type, data)
        select organization_id, app.new_id(), 'member.' || tg_argv[0], jsonb_build_object('user_id', user_id, 'role', role) from told where not service;
    elsif tg_table_name = 'spaces' then
        insert into organization_events (organization_id, id, type, data)
        select organization_id, app.new_id(), 'space.' || tg_argv[0], jsonb_build_object('space_id', id, 'kind', kind, 'state', state, 'class_id', class_id) from told;
    elsif tg_table_name = 'classes' then
        insert into organization_events (organization_id, id, type, data)
        select organization_id, app.new_id(), 'class.' || tg_argv[0], jsonb_build_object('class_id', id) from told;
    else
        insert into organization_events (organization_id, id, type, data)
        select organization_id, app.new_id(), 'class.member_' || tg_argv[0], jsonb_build_object('class_id', class_id, 'user_id', user_id, 'role', role) from told;
    end if;
    if found then
        perform pg_notify('organization_events', t.organization_id::text) from (select distinct organization_id from told) t;
    end if;
    return null;
end $$;
create or replace trigger d_tell_added after insert on members referencing new table as told for each statement execute function app.tell_rows('added');
create or replace trigger d_tell_removed after delete on members referencing old table as told for each statement execute function app.tell_rows('removed');
create or replace trigger d_tell_added after insert on spaces referencing new table as told for each statement execute function app.tell_rows('created');
create or replace trigger d_tell_removed after delete on spaces referencing old table as told for each statement execute function app.tell_rows('deleted');
create or replace trigger d_tell_added after insert on classes referencing new table as told for each statement execute function app.tell_rows('created');
create or replace trigger d_tell_added after insert on class_members referencing new table as told for each statement execute function app.tell_rows('added');
create or replace trigger d_tell_removed after delete on class_members referencing old table as told for each statement execute function app.tell_rows('removed');

-- Changes of these come one at a time, or change nothing that is told.
create or replace function app.tell_member() returns trigger language plpgsql as $$
begin
    perform app.tell(new.organization_id, 'member.changed', jsonb_build_object('user_id', new.user_id, 'role', new.role));
    return null;
end $$;
create or replace trigger d_tell_changed after update of role on members for each row when (new.role <> old.role and not new.service) execute function app.tell_member();
create or replace function app.tell_space() returns trigger language plpgsql as $$
begin
    perform app.tell(new.organization_id, 'space.changed', jsonb_build_object('space_id', new.id, 'kind', new.kind, 'state', new.state, 'class_id', new.class_id));
    return null;
end $$;
create or replace trigger d_tell_changed after update of name, state on spaces for each row
    when (new.name <> old.name or new.state <> old.state) execute function app.tell_space();
create or replace function app.tell_class() returns trigger language plpgsql as $$
begin
    perform app.tell(new.organization_id, 'class.changed', jsonb_build_object('class_id', new.id));
    return null;
end $$;
create or replace trigger d_tell_changed after update of title, code, state on classes for each row
    when (new.title <> old.title or new.code <> old.code or new.state <> old.state) execute function app.tell_class();
-- A place in a class that ends stays as a row.
create or replace function app.tell_class_member() returns trigger language plpgsql as $$
begin
    perform app.tell(new.organization_id, case when new.ends_at > now() then 'class.member_added' else 'class.member_removed' end,
        jsonb_build_object('class_id', new.class_id, 'user_id', new.user_id, 'role', new.role));
    return null;
end $$;
create or replace trigger d_tell_changed after update of ends_at on class_members for each row
    when ((new.ends_at > now()) <> (old.ends_at > now())) execute function app.tell_class_member();

grant execute on function app.number_events(), app.tell(uuid, text, jsonb), app.version_told(file_versions, uuid), app.tell_version(file_versions, boolean, uuid), app.tell_preview(), app.tell_file(), app.tell_folder(), app.tell_hand_in(),
    app.tell_roster_import(), app.tell_rows(), app.tell_member(), app.tell_space(), app.tell_class(), app.tell_class_member() to satchel_app, satchel_system;
