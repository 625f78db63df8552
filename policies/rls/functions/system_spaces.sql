-- What follows from who is where: the members of spaces, the spaces of classes and
-- of people, the folders above folders, and where a file may be put. Triggers call
-- these. They write tables that people only read, so they run as satchel_system.

-- Sets what ownership, roles and grants give, of one space or of one person. Null is
-- all of them. A plan for all would read every space for one person.
create or replace function app.space_members_derive(org uuid, space uuid, person uuid) returns void
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
begin
    with wanted as (
        select s.id as space_id, m.user_id, 'owner' as via, s.id as source_id, 4::smallint as level, '-infinity'::timestamptz as begins_at, 'infinity'::timestamptz as ends_at
          from spaces s join members m on m.organization_id = s.organization_id and m.user_id = s.owner_id
         where s.organization_id = org and s.kind = 'personal' and (space is null or s.id = space) and (person is null or s.owner_id = person)
        union all
        select s.id, m.user_id, 'role', s.id, app.role_level(s.kind, m.role), '-infinity', 'infinity'
          from spaces s join members m on m.organization_id = s.organization_id
         where s.organization_id = org and s.kind <> 'personal' and not m.service and app.role_level(s.kind, m.role) is not null
           and (space is null or s.id = space) and (person is null or m.user_id = person)
        union all
        select g.space_id, g.user_id, g.via, g.id, g.level, g.begins_at, g.ends_at
          from space_grants g join spaces s on s.organization_id = g.organization_id and s.id = g.space_id
         where g.organization_id = org and g.ends_at > now() and (space is null or g.space_id = space) and (person is null or g.user_id = person)
           and (g.via <> 'breakglass' or s.kind <> 'confidential' or g.approved_by is not null)),
    gone as (
        delete from space_members m
         where m.organization_id = org and m.via in ('owner', 'role', 'grant', 'substitute', 'breakglass')
           and (space is null or m.space_id = space) and (person is null or m.user_id = person)
           and not exists (select from wanted w where w.space_id = m.space_id and w.user_id = m.user_id and w.via = m.via and w.source_id = m.source_id))
    insert into space_members as m (organization_id, space_id, user_id, via, source_id, level, begins_at, ends_at)
    select org, w.space_id, w.user_id, w.via, w.source_id, w.level, w.begins_at, w.ends_at from wanted w
        on conflict (organization_id, space_id, user_id, via, source_id) do update
       set level = excluded.level, begins_at = excluded.begins_at, ends_at = excluded.ends_at
     where (m.level, m.begins_at, m.ends_at) is distinct from (excluded.level, excluded.begins_at, excluded.ends_at);
end $$;

-- A member who may add files has a personal space; a role gives more. A member who
-- leaves keeps the space and loses the way into it.
create or replace function app.member_spaces() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare m members := coalesce(new, old);
begin
    if tg_op <> 'DELETE' and m.role in ('owner', 'admin', 'teacher', 'student') then
        insert into spaces (organization_id, id, kind, name, owner_id)
        values (m.organization_id, gen_random_uuid(), 'personal', 'My files', m.user_id) on conflict do nothing;
    end if;
    perform app.space_members_derive(m.organization_id, null, m.user_id);
    return null;
end $$;
create or replace trigger b_spaces after insert or delete or update of role on members
    for each row execute function app.member_spaces();

-- The maker of a space manages it.
create or replace function app.space_made() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.created_by is not null then
        insert into space_grants (organization_id, id, space_id, user_id, level, via, given_by)
        values (new.organization_id, gen_random_uuid(), new.id, new.created_by, 4, 'grant', new.created_by);
    end if;
    perform app.space_members_derive(new.organization_id, new.id, null);
    if new.class_id is not null then
        perform app.class_space_members(new.organization_id, new.class_id);
    end if;
    return null;
end $$;
create or replace trigger a_members after insert on spaces for each row execute function app.space_made();

create or replace function app.grant_changed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform app.space_members_derive(coalesce(new.organization_id, old.organization_id), coalesce(new.space_id, old.space_id), coalesce(new.user_id, old.user_id));
    return null;
end $$;
create or replace trigger a_members after insert or delete or update on space_grants
    for each row execute function app.grant_changed();

-- A class has a space of its name. When it is archived only its staff read there.
create or replace function app.class_space() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into spaces as s (organization_id, id, kind, name, class_id, state)
    values (new.organization_id, gen_random_uuid(), 'class', new.title, new.id, case new.state when 'active' then 'open' else 'archived' end)
        on conflict (organization_id, class_id) where kind = 'class' do update
       set name = excluded.name, state = case when s.state = 'frozen' and excluded.state = 'open' then s.state else excluded.state end, updated_at = now()
     where s.name <> excluded.name or s.state <> excluded.state;
    if tg_op = 'UPDATE' then
        perform app.class_space_members(new.organization_id, new.id);
    end if;
    return null;
end $$;
create or replace trigger a_space after insert or update of title, state on classes
    for each row execute function app.class_space();

-- What the people of one class have in its space and in the groups within it.
create or replace function app.class_space_members(org uuid, class uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
    with wanted as (
        select s.id as space_id, c.user_id, c.origin as via, c.class_id as source_id, c.begins_at, c.ends_at,
               (case when c.role = 'student' then 2 when c.primary_teacher then 4 else 3 end)::smallint as level
          from class_members c
          join classes k on k.organization_id = c.organization_id and k.id = c.class_id
          join spaces s on s.organization_id = c.organization_id and s.class_id = c.class_id
         where c.organization_id = org and c.class_id = class and c.ends_at > now()
           and (c.role = 'teacher' or k.state = 'active' and s.kind = 'class')),
    gone as (
        delete from space_members m using spaces s
         where s.organization_id = org and s.class_id = class and m.organization_id = org and m.space_id = s.id and m.source_id = class and m.via in ('roster', 'manual')
           and not exists (select from wanted w where w.space_id = m.space_id and w.user_id = m.user_id and w.via = m.via))
    insert into space_members as m (organization_id, space_id, user_id, via, source_id, level, begins_at, ends_at)
    select org, w.space_id, w.user_id, w.via, w.source_id, w.level, w.begins_at, w.ends_at from wanted w
        on conflict (organization_id, space_id, user_id, via, source_id) do update
       set level = excluded.level, begins_at = excluded.begins_at, ends_at = excluded.ends_at
     where (m.level, m.begins_at, m.ends_at) is distinct from (excluded.level, excluded.begins_at, excluded.ends_at)
$$;

-- The same for the rows of one statement: an import changes very many at once.
create or replace function app.class_members_changed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from space_members m using changed c, spaces s, classes k
     where s.organization_id = c.organization_id and s.class_id = c.class_id and k.organization_id = c.organization_id and k.id = c.class_id
       and m.organization_id = c.organization_id and m.space_id = s.id and m.user_id = c.user_id and m.via = c.origin and m.source_id = c.class_id
       and (tg_op = 'DELETE' or c.ends_at <= now() or not (c.role = 'teacher' or k.state = 'active' and s.kind = 'class'));
    if tg_op <> 'DELETE' then
        insert into space_members as m (organization_id, space_id, user_id, via, source_id, level, begins_at, ends_at)
        select c.organization_id, s.id, c.user_id, c.origin, c.class_id,
               case when c.role = 'student' then 2 when c.primary_teacher then 4 else 3 end, c.begins_at, c.ends_at
          from changed c
          join classes k on k.organization_id = c.organization_id and k.id = c.class_id
          join spaces s on s.organization_id = c.organization_id and s.class_id = c.class_id
         where c.ends_at > now() and (c.role = 'teacher' or k.state = 'active' and s.kind = 'class')
            on conflict (organization_id, space_id, user_id, via, source_id) do update
           set level = excluded.level, begins_at = excluded.begins_at, ends_at = excluded.ends_at
         where (m.level, m.begins_at, m.ends_at) is distinct from (excluded.level, excluded.begins_at, excluded.ends_at);
    end if;
    return null;
end $$;
create or replace trigger a_added after insert on class_members referencing new table as changed
    for each statement execute function app.class_members_changed();
create or replace trigger a_changed after update on class_members referencing new table as changed
    for each statement execute function app.class_members_changed();
create or replace trigger a_removed after delete on class_members referencing old table as changed
    for each statement execute function app.class_members_changed();

-- The people of a space, for those who may see who else is in it: its members who add
-- or manage, and admins. A person has one row, of their highest level.
create or replace function app.space_people(space uuid) returns table (user_id uuid, level smallint, via text, ends_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select distinct on (m.user_id) m.user_id, m.level, m.via, m.ends_at from space_members m
     where m.organization_id = (select app.people_org()) and m.space_id = space and m.begins_at <= now() and m.ends_at > now()
       and exists (select from space_members a where a.organization_id = m.organization_id and a.space_id = space and a.user_id = app.actor()
                      and a.level >= 2 and a.begins_at <= now() and a.ends_at > now())
     order by m.user_id, m.level desc, m.ends_at desc
$$;

-- The personal space of a person, for an admin who breaks the glass: no policy shows it
-- to them before.
create or replace function app.personal_space(person uuid) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
    select s.id from spaces s where s.organization_id = (select app.people_org()) and s.kind = 'personal' and s.owner_id = person
       and exists (select from members m where m.organization_id = s.organization_id and m.user_id = app.actor() and m.role in ('owner', 'admin') and not m.service)
$$;

-- Moves of folders run one after another in a space: two at once could make a circle
-- that neither sees.
create or replace function app.folder_placed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare above integer; below integer; open_or_not text;
begin
    select s.state into open_or_not from spaces s where s.organization_id = new.organization_id and s.id = new.space_id for no key update;
    if app.actor() is not null and open_or_not <> 'open' then
        raise exception 'the space is %', open_or_not using errcode = 'SQ003';
    end if;
    if tg_op = 'UPDATE' and new.space_id <> old.space_id and new.parent_id is not distinct from old.parent_id and new.parent_id is not null then
        return new; -- it follows its parent
    end if;
    if new.parent_id is null then return new; end if;
    if exists (select from folder_paths p where p.organization_id = new.organization_id and p.folder_id = new.parent_id and p.ancestor_id = new.id) then
        raise exception 'the folder would be inside itself' using errcode = 'SQ006';
    end if;
    select coalesce(max(p.depth), 0) + 1 into above from folder_paths p where p.organization_id = new.organization_id and p.folder_id = new.parent_id;
    select coalesce(max(p.depth), 0) + 1 into below from folder_paths p where p.organization_id = new.organization_id and p.ancestor_id = new.id;
    if above + below > 8 then
        raise exception 'deeper than 8 folders' using errcode = 'SQ007';
    end if;
    return new;
end $$;
create or replace trigger a_placed before insert or update of parent_id, space_id on folders
    for each row execute function app.folder_placed();

create or replace function app.folder_moved() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        insert into folder_paths (organization_id, folder_id, ancestor_id, depth) values (new.organization_id, new.id, new.id, 0);
    else
        delete from folder_paths p using folder_paths b
         where b.organization_id = new.organization_id and b.ancestor_id = new.id
           and p.organization_id = new.organization_id and p.folder_id = b.folder_id and p.depth > b.depth;
    end if;
    insert into folder_paths (organization_id, folder_id, ancestor_id, depth)
    select new.organization_id, b.folder_id, a.ancestor_id, a.depth + b.depth + 1
      from folder_paths a join folder_paths b on b.organization_id = a.organization_id and b.ancestor_id = new.id
     where a.organization_id = new.organization_id and a.folder_id = new.parent_id;
    return null;
end $$;
create or replace trigger b_added after insert on folders for each row execute function app.folder_moved();
create or replace trigger b_moved after update of parent_id on folders
    for each row when (old.parent_id is distinct from new.parent_id) execute function app.folder_moved();

-- The files of a hand-out open with it.
create or replace function app.folder_opens() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update files set visible_from = new.opens_at where organization_id = new.organization_id and folder_id = new.id and visible_from is distinct from new.opens_at;
    return null;
end $$;
create or replace trigger c_opens after update of opens_at on folders
    for each row when (new.mode = 'handout' and old.opens_at is distinct from new.opens_at) execute function app.folder_opens();

-- Where a file goes, and what the place makes of it. A file without a named space
-- goes into the personal space of its uploader; in a student's, it is about them. A
-- hand-out is its staff's until it opens; a hand-in is its student's and the staff's.
create or replace function app.file_placed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare place record; folder record; person uuid := coalesce(app.actor(), new.uploaded_by); level integer;
begin
    select d.space_id, d.mode, d.opens_at, d.closes_at, d.accepted into folder from folders d where d.organization_id = new.organization_id and d.id = new.folder_id;
    if new.folder_id is not null then
        new.space_id := coalesce(folder.space_id, new.space_id);
    elsif new.space_id is null then
        select s.id into new.space_id from spaces s where s.organization_id = new.organization_id and s.owner_id = new.uploaded_by and s.kind = 'personal';
        if not found then
            insert into spaces (organization_id, id, kind, name, owner_id)
            values (new.organization_id, gen_random_uuid(), 'personal', 'My files', new.uploaded_by) returning id into new.space_id;
        end if;
    end if;
    select s.kind, s.owner_id, s.state into place from spaces s where s.organization_id = new.organization_id and s.id = new.space_id;
    if app.actor() is not null and place.state <> 'open' then
        raise exception 'the space is %', place.state using errcode = 'SQ003';
    end if;
    new.visible_from := null;
    if place.kind = 'personal' then
        if exists (select from members m where m.organization_id = new.organization_id and m.user_id = place.owner_id and m.role = 'student') then
            new.subject_id := coalesce(new.subject_id, place.owner_id);
        end if;
    elsif folder.mode in ('handout', 'handin') then
        select coalesce(max(m.level), 0) into level from space_members m
         where m.organization_id = new.organization_id and m.space_id = new.space_id and m.user_id = person and m.begins_at <= now() and m.ends_at > now();
        if app.all_spaces() then
            level := greatest(level, 3); -- as app.my_level
        end if;
        if folder.mode = 'handout' then
            if level < 3 and app.actor() is not null then
                raise exception 'only staff hand out' using errcode = 'SQ004';
            end if;
            new.visible_from := folder.opens_at;
        else
            new.needs := 3;
            if level < 3 then
                if app.actor() is not null and (folder.opens_at > now() or folder.closes_at <= now()) then
                    raise exception 'the hand-in is closed' using errcode = 'SQ005';
                end if;
                new.subject_id := person;
            end if;
        end if;
    end if;
    perform app.must_accept(folder.accepted, new.name::text);
    return new;
end $$;
create or replace trigger a_placed before insert on files for each row execute function app.file_placed();

create or replace function app.file_renamed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform app.must_accept(d.accepted, new.name::text) from folders d where d.organization_id = new.organization_id and d.id = new.folder_id;
    return new;
end $$;
create or replace trigger b_renamed before update of name on files
    for each row when (new.folder_id is not null and old.folder_id is not distinct from new.folder_id and old.name::text collate "C" <> new.name::text collate "C")
    execute function app.file_renamed();
create or replace trigger a_moved before update of space_id, folder_id on files
    for each row when (old.space_id is distinct from new.space_id or old.folder_id is distinct from new.folder_id) execute function app.file_placed();

-- A name that no other file of the folder has: "essay.docx", "essay (2).docx", …
create or replace function app.free_name(folder uuid, subject uuid, wanted text) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    candidate text := wanted; n integer := 1;
    ending text := coalesce(substring(wanted from '.(\.[^.]{1,16})$'), '');
    stem text := left(wanted, length(wanted) - length(ending));
    place record;
begin
    -- What a student puts into a hand-in is about them: app.file_placed.
    select d.space_id, d.mode into place from folders d where d.organization_id = (select app.org()) and d.id = folder;
    if subject is null and place.mode = 'handin' and app.actor() is not null and app.my_level(place.space_id) < 3 then
        subject := app.actor();
    end if;
    while exists (select from files f where f.organization_id = (select app.org()) and f.folder_id = folder and f.trashed_at is null
                     and coalesce(f.subject_id, '00000000-0000-0000-0000-000000000000') = coalesce(subject, '00000000-0000-0000-0000-000000000000')
                     and f.name_folded = replace(replace(lower(candidate collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss')) loop
        n := n + 1;
        -- The stem gives way, and not the number: a candidate that has lost it is taken for ever.
        candidate := left(stem, 255 - length(' (' || n || ')' || ending)) || ' (' || n || ')' || ending;
    end loop;
    return candidate;
end $$;

-- A student hands in what they have put into the folder, once more after it came
-- back. The files are the staff's to change from here on.
create or replace function app.hand_in(folder uuid) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare d record; n integer;
begin
    select f.organization_id, f.id, f.space_id, f.opens_at, f.due_at, f.closes_at into d from folders f where f.organization_id = (select app.people_org()) and f.id = folder and f.mode = 'handin';
    if not found or not exists (select from space_members m where m.organization_id = d.organization_id and m.space_id = d.space_id
                                   and m.user_id = app.actor() and m.level >= 2 and m.begins_at <= now() and m.ends_at > now()) then
        return null;
    end if;
    if d.opens_at > now() or d.closes_at <= now() then
        raise exception 'the hand-in is closed' using errcode = 'SQ005';
    end if;
    update files set handed_in_at = now(), updated_at = now()
     where organization_id = d.organization_id and folder_id = d.id and subject_id = app.actor() and uploaded_by = app.actor() and handed_in_at is null and trashed_at is null;
    get diagnostics n = row_count;
    if n > 0 then
        insert into hand_ins (organization_id, folder_id, student_id) values (d.organization_id, d.id, app.actor())
            on conflict (organization_id, folder_id, student_id) do update set handed_in_at = now(), returned_at = null, returned_by = null, note = '';
    end if;
    return n;
end $$;

-- A student takes back what is not due yet and was not returned.
create or replace function app.hand_in_withdraw(folder uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare d record;
begin
    select f.organization_id, f.id, f.space_id, f.opens_at, f.due_at, f.closes_at into d from folders f where f.organization_id = (select app.people_org()) and f.id = folder and f.mode = 'handin';
    delete from hand_ins h where h.organization_id = d.organization_id and h.folder_id = d.id and h.student_id = app.actor() and h.returned_at is null
       and (d.due_at is null or d.due_at > now()) and (d.closes_at is null or d.closes_at > now());
    if not found then return false; end if;
    update files set handed_in_at = null, updated_at = now()
     where organization_id = d.organization_id and folder_id = d.id and subject_id = app.actor() and uploaded_by = app.actor();
    return true;
end $$;

-- The staff return a student's work, who may go on with it, and are told.
create or replace function app.hand_in_return(folder uuid, student uuid, words text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare d record;
begin
    select f.organization_id, f.id, f.space_id, f.opens_at, f.due_at, f.closes_at into d from folders f where f.organization_id = (select app.people_org()) and f.id = folder and f.mode = 'handin';
    if not found or not exists (select from space_members m where m.organization_id = d.organization_id and m.space_id = d.space_id
                                   and m.user_id = app.actor() and m.level >= 3 and m.begins_at <= now() and m.ends_at > now()) then
        return false;
    end if;
    update hand_ins set returned_at = now(), returned_by = app.actor(), note = words
     where organization_id = d.organization_id and folder_id = d.id and student_id = student and returned_at is null;
    if not found then return false; end if;
    update files set handed_in_at = null, updated_at = now()
     where organization_id = d.organization_id and folder_id = d.id and subject_id = student and uploaded_by = student;
    insert into notifications (organization_id, id, user_id, kind, data)
    values (d.organization_id, app.new_id(), student, 'handin.returned', jsonb_build_object('folder_id', d.id, 'by', app.actor()));
    return true;
end $$;

-- The states of a hand-in, a row for each student of the space, for its staff.
drop function if exists app.hand_in_states(uuid);
create or replace function app.hand_in_states(folder uuid) returns table (student_id uuid, handed_in_at timestamptz, returned_at timestamptz, files bigint, note text)
language sql stable security definer set search_path = public, pg_temp as $$
    select distinct on (m.user_id) m.user_id, h.handed_in_at, h.returned_at,
           (select count(*) from files f where f.organization_id = d.organization_id and f.folder_id = d.id and f.subject_id = m.user_id and f.trashed_at is null), h.note
      from folders d
      join space_members m on m.organization_id = d.organization_id and m.space_id = d.space_id and m.level = 2
       and m.via in ('roster', 'manual', 'grant') and m.begins_at <= now() and m.ends_at > now()
      left join hand_ins h on h.organization_id = d.organization_id and h.folder_id = d.id and h.student_id = m.user_id
     where d.organization_id = (select app.people_org()) and d.id = folder and d.mode = 'handin'
       and exists (select from space_members a where a.organization_id = d.organization_id and a.space_id = d.space_id and a.user_id = app.actor()
                      and a.level >= 3 and a.begins_at <= now() and a.ends_at > now())
     order by m.user_id
$$;

-- Who is told when the glass is broken into a space: its primary teachers and the
-- owners of the organization.
create or replace function app.breakglass_notify() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into notifications (organization_id, id, user_id, kind, data)
    select new.organization_id, app.new_id(), p.user_id, 'space.breakglass',
           jsonb_build_object('space_id', new.space_id, 'by', new.user_id, 'grant_id', new.id, 'ends_at', new.ends_at)
      from (select m.user_id from space_members m where m.organization_id = new.organization_id and m.space_id = new.space_id and m.level = 4
            union select o.user_id from members o where o.organization_id = new.organization_id and o.role = 'owner') p
     where p.user_id <> new.user_id;
    return null;
end $$;
create or replace trigger b_notify after insert on space_grants
    for each row when (new.via = 'breakglass') execute function app.breakglass_notify();

-- The admission queue is the organization's: who finishes an upload may admit the
-- next version of somebody else. Admissions of an organization run one after another:
-- the second statement sees what the holder of the lock before has committed. A
-- version that has been in the pipeline for an hour is not counted any more. Those to admit
-- are an array: with "in", Postgres expects many of them for a limit that it does not know,
-- and reads all versions of the organization to find ten.
create or replace function app.admit(ceiling bigint) returns table (version uuid, file uuid)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('admission/' || app.org()::text, 0));
    return query
        update file_versions v set started_at = now(), updated_at = now()
         where v.organization_id = (select app.org())
           and v.id = any (array(select w.id from file_versions w where w.organization_id = (select app.org()) and w.status = 'processing' and w.started_at is null
                         order by w.received_at, w.id
                         limit coalesce((select greatest(least(t.concurrent_scans, ceiling) -
                                           (select count(*) from file_versions r where r.organization_id = (select app.org()) and r.status = 'processing' and r.started_at > now() - interval '1 hour'), 0)
                                           from organizations o join tiers t on t.name = o.tier where o.id = app.org()), 0)))
        returning v.id, v.file_id;
end $$;

-- How a version that this transaction receives comes into the pipeline. 'now': it is admitted with it. 'behind': the
-- pipeline is full, and the admission behind a version that leaves it waits for the lock, which is held here
-- until the commit, and finds this one. 'ask': an admission goes on at this moment, or another one that is received
-- beside this one, or versions wait already, and an admission after the commit has to look. Those that are received
-- share the lock, so that any number of them comes behind at once; it is taken alone to be admitted, so that no two
-- take one place.
create or replace function app.admit_received(ceiling bigint) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare most bigint;
begin
    if ceiling < 1 or not pg_try_advisory_xact_lock_shared(hashtextextended('admission/' || app.org()::text, 0)) then return 'ask'; end if;
    select least(t.concurrent_scans, ceiling) into most from organizations o join tiers t on t.name = o.tier where o.id = app.org();
    if coalesce(most, 0) < 1 then return 'ask'; end if;
    if (select count(*) from file_versions r where r.organization_id = (select app.org()) and r.status = 'processing' and r.started_at > now() - interval '1 hour') >= most then
        return 'behind';
    end if;
    if not pg_try_advisory_xact_lock(hashtextextended('admission/' || app.org()::text, 0)) then return 'ask'; end if;
    -- In the order of the queue, and not "exists", for which the first of all versions looks as good: the operator of
    -- the state is not leakproof, so Postgres does not know under a policy how few of them wait.
    perform from file_versions w where w.organization_id = (select app.org()) and w.status = 'processing' and w.started_at is null
      order by w.received_at, w.id limit 1;
    return case when found then 'ask' else 'now' end;
end $$;

-- What the functions of this file need of the tables.
do $$
declare n text;
begin
    foreach n in array array['spaces', 'classes', 'class_members', 'hand_ins'] loop
        execute format('drop policy if exists system on %I', n);
        execute format('create policy system on %I for all to satchel_system using (true) with check (true)', n);
    end loop;
end $$;
grant select, insert, update on spaces to satchel_system;
grant select on classes, class_members to satchel_system;
drop policy if exists system on space_grants;
create policy system on space_grants for all to satchel_system using (true) with check (true);
grant select, insert on space_grants to satchel_system;
-- Only what a function of this file changes of a file, and app.version_follow. The application always has an
-- organization; an administrator of the database who changes a version has none.
drop policy if exists system_place on files;
create policy system_place on files for update to satchel_system
    using (organization_id = coalesce((select app.org()), organization_id)) with check (organization_id = coalesce((select app.org()), organization_id));
grant update (handed_in_at, visible_from, updated_at) on files to satchel_system;
drop policy if exists system_admit on file_versions;
create policy system_admit on file_versions for update to satchel_system using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant update (started_at, updated_at) on file_versions to satchel_system;
