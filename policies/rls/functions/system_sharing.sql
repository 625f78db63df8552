-- What follows from shares, and what ends them. A share inside the organization is links
-- or grants that carry its id: triggers keep them as the share says, in the transaction
-- of the change, so that the end of a share is the end of what it gave.

-- Until when a person may share something by a kind of share; null: they may not. Who may
-- change it where it is may share it, with the outside if they are no student. Who has it
-- by a share or by break-glass does not share it on, and a confidential space shares
-- nothing: who should read there is let in.
create or replace function app.share_until(org uuid, person uuid, kind text, file uuid, folder uuid, space uuid) returns timestamptz
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare who record; f record; d record; s record; place uuid := space; need integer := 4; ends timestamptz;
begin
    select m.role, m.all_spaces into who from members m where m.organization_id = org and m.user_id = person;
    if not found or who.role not in ('owner', 'admin', 'teacher', 'student') or kind in ('link', 'people') and who.role = 'student' then
        return null;
    end if;
    if file is not null then
        select t.space_id, t.needs, t.uploaded_by, t.handed_in_at into f from files t where t.organization_id = org and t.id = file;
        if not found or f.needs > 1 then return null; end if;
        place := f.space_id;
        need := case when f.uploaded_by = person and f.handed_in_at is null then 2 else 3 end;
    elsif folder is not null then
        select t.space_id, t.mode into d from folders t where t.organization_id = org and t.id = folder;
        if not found or d.mode = 'handin' then return null; end if;
        place := d.space_id;
        need := 3;
    end if;
    select t.kind into s from spaces t where t.organization_id = org and t.id = place;
    if not found or s.kind = 'confidential' or s.kind = 'personal' and space is not null then return null; end if;
    select max(m.ends_at) into ends from space_members m
     where m.organization_id = org and m.space_id = place and m.user_id = person and m.level >= need and m.via <> 'breakglass'
       and m.begins_at <= now() and m.ends_at > now();
    return case when who.all_spaces then 'infinity' else ends end;
end $$;

-- A share ends no later than the sharer's own access, and only who may share what it is
-- of changes it. What another trigger changes is no person's request: who takes an access
-- away shortens the shares that rest on it.
create or replace function app.share_checked() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare until timestamptz;
begin
    if new.ended_at is not null then return new; end if;
    if tg_op = 'UPDATE' and old.ended_at is not null then
        raise exception 'the share has ended' using errcode = 'SQ009';
    end if;
    if tg_op = 'UPDATE' and pg_trigger_depth() = 1 and app.actor() is not null and app.actor() <> new.created_by and not app.all_spaces()
       and app.share_until(new.organization_id, app.actor(), new.kind, new.file_id, new.folder_id, new.space_id) is null then
        raise exception 'not the actor''s to change' using errcode = 'SQ008';
    end if;
    if new.expires_at <= now() and (tg_op = 'INSERT' or new.expires_at is distinct from old.expires_at) then
        raise exception 'the end is over already' using errcode = 'SQ010';
    end if;
    until := app.share_until(new.organization_id, new.created_by, new.kind, new.file_id, new.folder_id, new.space_id);
    if until is null or until <= new.starts_at then
        raise exception 'the sharer may not share this' using errcode = 'SQ008';
    end if;
    new.expires_at := least(new.expires_at, until);
    return new;
end $$;
create or replace trigger a_checked before insert or update of permission, version_id, password_hash, starts_at, expires_at, max_downloads, max_files, max_bytes, accepted, ended_at on shares
    for each row execute function app.share_checked();

-- The links and grants that a share gives now. Who receives has a personal space to
-- receive in.
create or replace function app.share_links(org uuid, share uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare s record;
begin
    select t.id, t.kind, t.permission, t.file_id, t.folder_id, t.space_id, t.starts_at, t.expires_at, t.max_downloads, t.downloads, t.ended_at, t.ended_reason, t.created_by, t.disclosure_basis, t.disclosure_consent into s from shares t where t.organization_id = org and t.id = share;
    if not found or s.kind in ('link', 'people') then return; end if;
    if s.ended_at is null and s.space_id is null then
        insert into spaces (organization_id, id, kind, name, owner_id)
        select org, gen_random_uuid(), 'personal', 'My files', r.user_id from share_recipients r
         where r.organization_id = org and r.share_id = share and r.user_id is not null and r.ended_at is null
            on conflict do nothing;
    end if;
    if s.space_id is not null then
        update space_grants g set ends_at = least(g.ends_at, now())
         where g.organization_id = org and g.share_id = share and g.ends_at > now()
           and (s.ended_at is not null
                or not exists (select from share_recipients r where r.organization_id = org and r.share_id = share and r.user_id = g.user_id and r.ended_at is null));
        update space_grants g set level = app.share_level(s.permission), begins_at = s.starts_at, ends_at = s.expires_at
         where g.organization_id = org and g.share_id = share and g.ends_at > now() and s.ended_at is null
           and (g.level, g.begins_at, g.ends_at) is distinct from (app.share_level(s.permission), s.starts_at, s.expires_at);
        insert into space_grants (organization_id, id, space_id, user_id, level, via, given_by, begins_at, ends_at, share_id)
        select org, gen_random_uuid(), s.space_id, r.user_id, app.share_level(s.permission), 'grant', s.created_by, s.starts_at, s.expires_at, share
          from share_recipients r
         where r.organization_id = org and r.share_id = share and r.user_id is not null and r.ended_at is null and s.ended_at is null
           and not exists (select from space_grants g where g.organization_id = org and g.share_id = share and g.user_id = r.user_id and g.ends_at > now());
        return;
    end if;
    if s.file_id is not null then
        delete from file_links l where l.organization_id = org and l.share_id = share
           and l.space_id not in (select p.space_id from app.share_places(org, share) p);
        insert into file_links as l (organization_id, file_id, space_id, level, starts_at, ends_at, share_id, added_by)
        select org, s.file_id, p.space_id, case s.permission when 'edit' then 'edit' else 'read' end, s.starts_at, s.expires_at, share, s.created_by
          from app.share_places(org, share) p
            on conflict (organization_id, file_id, space_id, share_id) do update
           set level = excluded.level, starts_at = excluded.starts_at, ends_at = excluded.ends_at
         where (l.level, l.starts_at, l.ends_at) is distinct from (excluded.level, excluded.starts_at, excluded.ends_at);
    else
        delete from folder_links l where l.organization_id = org and l.share_id = share
           and l.space_id not in (select p.space_id from app.share_places(org, share) p);
        insert into folder_links as l (organization_id, folder_id, space_id, level, starts_at, ends_at, share_id, added_by)
        select org, s.folder_id, p.space_id, case s.permission when 'edit' then 'edit' when 'upload' then 'add' else 'read' end, s.starts_at, s.expires_at, share, s.created_by
          from app.share_places(org, share) p
            on conflict (organization_id, folder_id, space_id, share_id) do update
           set level = excluded.level, starts_at = excluded.starts_at, ends_at = excluded.ends_at
         where (l.level, l.starts_at, l.ends_at) is distinct from (excluded.level, excluded.starts_at, excluded.ends_at);
    end if;
end $$;

-- Where the share shows what it is of: in the personal spaces of its people and the
-- spaces of its classes. One that has ended shows nothing.
create or replace function app.share_places(org uuid, share uuid) returns table (space_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.id from shares s
      join share_recipients r on r.organization_id = s.organization_id and r.share_id = s.id and r.ended_at is null
      join spaces p on p.organization_id = r.organization_id
       and (p.kind = 'personal' and p.owner_id = r.user_id or p.kind = 'class' and p.class_id = r.class_id)
     where s.organization_id = org and s.id = share and s.ended_at is null
       and exists (select from files f where f.organization_id = org and f.id = s.file_id
             union all select from folders d where d.organization_id = org and d.id = s.folder_id)
$$;

-- The end of a share is the end of its recipients' rows: their addresses and codes go.
create or replace function app.share_follow() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.ended_at is not null and old.ended_at is null then
        update share_recipients r set ended_at = now(), email = null, updated_at = now()
         where r.organization_id = new.organization_id and r.share_id = new.id and r.ended_at is null;
        delete from share_codes c where c.organization_id = new.organization_id and c.share_id = new.id;
    end if;
    perform app.share_links(new.organization_id, new.id);
    return null;
end $$;
create or replace trigger b_follow after update of permission, starts_at, expires_at, ended_at on shares
    for each row execute function app.share_follow();

-- A recipient gets the link at once, and is told. A share without a recipient ends.
create or replace function app.share_recipient_follow() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        insert into notifications (organization_id, id, user_id, kind, data)
        select new.organization_id, app.new_id(), p.user_id, 'share.received', jsonb_build_object('share_id', new.share_id, 'by', s.created_by)
          from shares s, lateral (
               select new.user_id as user_id where new.user_id is not null
               union select m.user_id from spaces c join space_members m on m.organization_id = c.organization_id and m.space_id = c.id
                where c.organization_id = new.organization_id and c.class_id = new.class_id and c.kind = 'class'
                  and m.via in ('roster', 'manual') and m.begins_at <= now() and m.ends_at > now()) p
         where s.organization_id = new.organization_id and s.id = new.share_id and p.user_id <> s.created_by;
    end if;
    if new.ended_at is not null and not exists (select from share_recipients r where r.organization_id = new.organization_id and r.share_id = new.share_id and r.ended_at is null) then
        update shares s set ended_at = now(), ended_reason = case when new.class_id is null then 'recipients_left' else 'class_deleted' end, updated_at = now()
         where s.organization_id = new.organization_id and s.id = new.share_id and s.ended_at is null;
    end if;
    perform app.share_links(new.organization_id, new.share_id);
    return null;
end $$;
create or replace trigger b_follow after insert or update of ended_at on share_recipients
    for each row execute function app.share_recipient_follow();

-- Ends those of the shares that their sharer may not share any more where they are now,
-- and shortens those that would outlive the sharer's access. ids are of shares.
create or replace function app.shares_recheck(org uuid, ids uuid[], reason text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare s record; until timestamptz; why text;
begin
    for s in select t.id, t.kind, t.permission, t.created_by, t.file_id, t.folder_id, t.space_id, t.starts_at, t.expires_at, t.disclosure_basis, t.disclosure_consent from shares t
              where t.organization_id = org and t.id = any (ids) and t.ended_at is null order by t.id for update loop
        until := app.share_until(org, s.created_by, s.kind, s.file_id, s.folder_id, s.space_id);
        why := null;
        if not exists (select from members m where m.organization_id = org and m.user_id = s.created_by) then
            why := 'sharer_left';
        elsif until is null or until <= greatest(now(), s.starts_at) then
            why := reason;
        elsif s.kind in ('link', 'people')
          and not (select d.allowed from app.disclosure_on(org, app.share_way(s.kind, s.permission), s.file_id, s.folder_id, s.space_id, s.disclosure_basis, s.disclosure_consent, app.share_parties(org, s.id)) d) then
            why := reason;
        end if;
        if why is not null then
            update shares t set ended_at = now(), ended_reason = why, updated_at = now() where t.organization_id = org and t.id = s.id;
        elsif until < s.expires_at then
            update shares t set expires_at = until, updated_at = now() where t.organization_id = org and t.id = s.id;
        end if;
    end loop;
end $$;

-- Of the sharers whose access has become less.
create or replace function app.space_members_less() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare o record;
begin
    for o in select c.organization_id, array_agg(distinct s.id) as ids from changed c
               join shares s on s.organization_id = c.organization_id and s.created_by = c.user_id and s.ended_at is null group by c.organization_id loop
        if not app.being_deleted(o.organization_id) then
            perform app.shares_recheck(o.organization_id, o.ids, 'sharer_demoted');
        end if;
    end loop;
    return null;
end $$;
create or replace trigger b_shares_changed after update on space_members referencing old table as changed
    for each statement execute function app.space_members_less();
create or replace trigger b_shares_removed after delete on space_members referencing old table as changed
    for each statement execute function app.space_members_less();

-- Of a member who leaves or gets another role, whose spaces have followed before.
create or replace function app.member_shares() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if app.being_deleted(old.organization_id) then return null; end if;
    perform app.shares_recheck(old.organization_id, array(select s.id from shares s
        where s.organization_id = old.organization_id and s.created_by = old.user_id and s.ended_at is null), 'sharer_demoted');
    if tg_op = 'DELETE' then
        update share_recipients r set ended_at = now(), email = null, updated_at = now()
         where r.organization_id = old.organization_id and r.user_id = old.user_id and r.ended_at is null;
    end if;
    return null;
end $$;
create or replace trigger c_shares after delete or update of role on members
    for each row execute function app.member_shares();

-- Of a file that is gone, or is elsewhere or something else now.
create or replace function app.file_shares() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if app.being_deleted(old.organization_id) then return null; end if;
    if tg_op = 'DELETE' then
        update shares s set ended_at = now(), ended_reason = 'target_deleted', updated_at = now()
         where s.organization_id = old.organization_id and s.file_id = old.id and s.ended_at is null;
    else
        perform app.shares_recheck(old.organization_id, array(select s.id from shares s
            where s.organization_id = old.organization_id and s.file_id = old.id and s.ended_at is null), 'target_moved');
    end if;
    return null;
end $$;
create or replace trigger d_shares after delete on files for each row execute function app.file_shares();
create or replace trigger d_shares_moved after update of space_id, folder_id, needs, subject_id, handed_in_at on files
    for each row when ((old.space_id, old.needs, old.subject_id, old.handed_in_at) is distinct from (new.space_id, new.needs, new.subject_id, new.handed_in_at))
    execute function app.file_shares();

-- Of a version that a share shows and no other.
create or replace function app.version_shares() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if app.being_deleted(old.organization_id) then return null; end if;
    update shares s set ended_at = now(), ended_reason = 'target_deleted', updated_at = now()
     where s.organization_id = old.organization_id and s.file_id = old.file_id and s.version_id = old.id and s.ended_at is null;
    return null;
end $$;
create or replace trigger d_shares after delete on file_versions for each row execute function app.version_shares();

create or replace function app.folder_shares() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if app.being_deleted(old.organization_id) then return null; end if;
    if tg_op = 'DELETE' then
        update shares s set ended_at = now(), ended_reason = 'target_deleted', updated_at = now()
         where s.organization_id = old.organization_id and s.folder_id = old.id and s.ended_at is null;
    else
        perform app.shares_recheck(old.organization_id, array(select s.id from shares s
            where s.organization_id = old.organization_id and s.folder_id = old.id and s.ended_at is null), 'target_moved');
    end if;
    return null;
end $$;
create or replace trigger d_shares after delete on folders for each row execute function app.folder_shares();
create or replace trigger d_shares_moved after update of space_id, mode on folders
    for each row when ((old.space_id, old.mode) is distinct from (new.space_id, new.mode)) execute function app.folder_shares();

-- Of a class that is over or gone. It does not come back with the class.
create or replace function app.class_shares() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if app.being_deleted(old.organization_id) then return null; end if;
    update share_recipients r set ended_at = now(), updated_at = now()
     where r.organization_id = old.organization_id and r.class_id = old.id and r.ended_at is null;
    return null;
end $$;
create or replace trigger b_shares after delete on classes for each row execute function app.class_shares();
create or replace trigger b_shares_archived after update of state on classes
    for each row when (new.state = 'archived' and old.state <> 'archived') execute function app.class_shares();

-- What a share is now, for who holds it: open, or why it is not. The reason that ended it
-- goes first; a file in the trash is back when it is restored. disclosed says that who asks has the answer of
-- app.disclosure_on about the share's target, in the same statement: that question costs more than the rest.
create or replace function app.share_standing(org uuid, share uuid, disclosed boolean) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare s record;
begin
    select t.id, t.kind, t.permission, t.file_id, t.folder_id, t.space_id, t.starts_at, t.expires_at, t.max_downloads, t.downloads, t.ended_at, t.ended_reason, t.created_by, t.disclosure_basis, t.disclosure_consent into s from shares t where t.organization_id = org and t.id = share;
    if not found then return 'unknown'; end if;
    return case
        when s.ended_at is not null then s.ended_reason
        when s.expires_at <= now() then 'expired'
        when not exists (select from organizations o where o.id = org and o.status = 'active') then 'organization_suspended'
        when s.starts_at > now() then 'not_open'
        when app.share_until(org, s.created_by, s.kind, s.file_id, s.folder_id, s.space_id) is null then 'sharer_demoted'
        when exists (select from files f where f.organization_id = org and f.id = s.file_id and f.trashed_at is not null) then 'target_trashed'
        when s.kind in ('link', 'people') and not disclosed
         and not (select d.allowed from app.disclosure_on(org, app.share_way(s.kind, s.permission), s.file_id, s.folder_id, s.space_id, s.disclosure_basis, s.disclosure_consent, app.share_parties(org, share)) d) then 'not_disclosed'
        when s.max_downloads <= s.downloads then 'used_up'
        else 'open' end;
end $$;

create or replace function app.share_status(org uuid, share uuid) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return app.share_standing(org, share, false);
end $$;

-- Whether the actor may give something to a member or a class: the staff to every person
-- and every class that is not over, students to those with whom they share a class or a
-- group, and to their classes.
create or replace function app.share_reaches(person uuid, class uuid) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare role text; org uuid := app.people_org();
begin
    select m.role into role from members m where m.organization_id = org and m.user_id = app.actor();
    if class is not null then
        return exists (select from classes k where k.organization_id = org and k.id = class and k.state = 'active')
           and (role in ('owner', 'admin', 'teacher')
                or exists (select from spaces s join space_members m on m.organization_id = s.organization_id and m.space_id = s.id
                            where s.organization_id = org and s.kind = 'class' and s.class_id = class and m.user_id = app.actor() and m.begins_at <= now() and m.ends_at > now()));
    end if;
    return person <> app.actor()
       and exists (select from members m where m.organization_id = org and m.user_id = person and not m.service and m.role in ('owner', 'admin', 'teacher', 'student', 'parent'))
       and (role in ('owner', 'admin', 'teacher')
            or exists (select from spaces s join space_members a on a.organization_id = s.organization_id and a.space_id = s.id
                         join space_members b on b.organization_id = s.organization_id and b.space_id = s.id
                        where s.organization_id = org and s.kind in ('class', 'group') and a.user_id = app.actor() and a.begins_at <= now() and a.ends_at > now()
                          and b.user_id = person and b.via <> 'role' and b.begins_at <= now() and b.ends_at > now()));
end $$;

grant update (level, begins_at, ends_at) on space_grants to satchel_system;

-- What is told of a share: ids and codes. What it is of may be gone.
create or replace function app.share_told(org uuid, share uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
    select jsonb_strip_nulls(jsonb_build_object('share_id', s.id, 'kind', s.kind, 'permission', s.permission, 'file_id', s.file_id, 'folder_id', s.folder_id, 'space_id', s.space_id))
      from shares s where s.organization_id = org and s.id = share
$$;
create or replace function app.tell_share() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        perform app.tell(new.organization_id, 'share.created', app.share_told(new.organization_id, new.id));
    elsif new.ended_at is not null then
        if old.ended_at is null then
            perform app.tell(new.organization_id, 'share.ended', app.share_told(new.organization_id, new.id) || jsonb_build_object('reason', new.ended_reason));
        end if;
    else
        perform app.tell(new.organization_id, 'share.changed', app.share_told(new.organization_id, new.id));
    end if;
    return null;
end $$;
create or replace trigger e_tell after insert on shares for each row execute function app.tell_share();
create or replace trigger e_tell_changed after update on shares
    for each row when ((old.permission, old.version_id, old.label, old.password_hash, old.starts_at, old.expires_at, old.max_downloads, old.max_files, old.max_bytes, old.accepted, old.ended_at)
        is distinct from (new.permission, new.version_id, new.label, new.password_hash, new.starts_at, new.expires_at, new.max_downloads, new.max_files, new.max_bytes, new.accepted, new.ended_at))
    execute function app.tell_share();

-- A recipient who comes later or leaves changes the share; those with whom it is made are
-- part of its beginning, and those who leave with its end of that.
create or replace function app.tell_share_recipient() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if exists (select from shares s where s.organization_id = new.organization_id and s.id = new.share_id and s.ended_at is null and (tg_op = 'UPDATE' or s.created_at < now())) then
        perform app.tell(new.organization_id, 'share.changed', app.share_told(new.organization_id, new.share_id));
    end if;
    return null;
end $$;
create or replace trigger e_tell after insert on share_recipients for each row execute function app.tell_share_recipient();
create or replace trigger e_tell_ended after update of ended_at on share_recipients
    for each row when (old.ended_at is null and new.ended_at is not null) execute function app.tell_share_recipient();

-- A download is told when its first byte is about to leave.
create or replace function app.tell_share_download() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform app.tell(new.organization_id, 'share.downloaded', app.share_told(new.organization_id, new.share_id)
        || jsonb_build_object('download_id', new.id) || case when new.file_id is null then '{}' else jsonb_build_object('file_id', new.file_id) end);
    return null;
end $$;
create or replace trigger e_tell after update of state on share_downloads
    for each row when (new.state = 'reserved' and old.state <> 'reserved') execute function app.tell_share_download();

-- Shares whose time is over and that do not say so yet.
create or replace function app.shares_expired(after uuid, n integer) returns table (organization_id uuid, share_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select s.organization_id, s.id from shares s where s.ended_at is null and s.expires_at <= now() and s.id > after order by s.id limit n
$$;

-- Mails to people outside whose workflow never began, or has been silent for long.
create or replace function app.share_mails_waiting(unstarted_for interval, silent_for interval, after uuid, n integer)
returns table (organization_id uuid, share_id uuid, recipient_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select r.organization_id, r.share_id, r.id from share_recipients r
      join shares s on s.organization_id = r.organization_id and s.id = r.share_id
     where r.outside and r.ended_at is null and s.ended_at is null and s.expires_at > now() and r.delivery = 'queued'
       and (r.started_at is null and r.updated_at < now() - unstarted_for or r.updated_at < now() - silent_for)
       and r.id > after
     order by r.id limit n
$$;

-- Organizations with accesses by shares that are older than they keep them.
create or replace function app.share_accesses_old(after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.organization_id from organization_policies p
     where p.organization_id > after and p.share_access_days is not null
       and exists (select from share_accesses a where a.organization_id = p.organization_id and a.at < now() - make_interval(days => p.share_access_days))
     order by p.organization_id limit n
$$;

-- Deletes up to n accesses that are older than the organization keeps them, and none where
-- it did not say so: nothing else deletes what is on record.
create or replace function app.share_accesses_forget(org uuid, n integer) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare gone bigint;
begin
    delete from share_accesses a using (
        select o.share_id, o.id from share_accesses o join organization_policies p on p.organization_id = o.organization_id
         where o.organization_id = org and o.at < now() - make_interval(days => p.share_access_days) order by o.at limit n) old
     where a.organization_id = org and a.share_id = old.share_id and a.id = old.id;
    get diagnostics gone = row_count;
    return gone;
end $$;
