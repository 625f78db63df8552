-- Holds in force. A transaction that destroys something takes the organization's lock shared and
-- then looks for holds. A transaction that places a hold takes the lock exclusively. Both keep it
-- until they end. So a hold that is placed beside a deletion either comes first, and the deletion
-- sees it, or waits until the deletion is done. The functions are VOLATILE: each of their
-- statements takes a new snapshot after the wait for the lock.

-- What a version's status keeps is kept while a hold covers its file: it does not come into
-- a state that leaves no use for its objects, and its row stays. From one that is published
-- into quarantine its bytes move along.
create or replace function app.hold_version() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(app.hold_lock(old.organization_id));
    if exists (select from files f where f.organization_id = old.organization_id and f.id = old.file_id and app.on_hold(f)) then
        raise exception 'a hold covers file %', old.file_id using errcode = 'SQ032';
    end if;
    if tg_op = 'DELETE' then return old; end if;
    return new;
end $$;
create or replace trigger a_hold before update of status on file_versions
    for each row when (old.status in ('published', 'held', 'quarantined') and new.status not in ('published', 'held', 'quarantined')) execute function app.hold_version();
create or replace trigger a_hold_row before delete on file_versions
    for each row when (old.status in ('published', 'held', 'quarantined')) execute function app.hold_version();

-- A file's row goes after those of its versions, which are held. This is for what else would
-- delete it.
create or replace function app.hold_file() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(app.hold_lock(old.organization_id));
    if exists (select from file_versions v where v.organization_id = old.organization_id and v.file_id = old.id and v.status in ('published', 'held', 'quarantined'))
       and app.on_hold(old) then
        raise exception 'a hold covers file %', old.id using errcode = 'SQ032';
    end if;
    return old;
end $$;
create or replace trigger a_hold before delete on files for each row execute function app.hold_file();

-- Nor does a file leave a hold by being moved, renamed or put into another category.
create or replace function app.hold_stays() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(app.hold_lock(old.organization_id));
    if exists (select from holds h where h.organization_id = old.organization_id and h.released_at is null and app.hold_covers(h, old) and not app.hold_covers(h, new)) then
        raise exception 'a hold covers file %', old.id using errcode = 'SQ033';
    end if;
    return new;
end $$;
create or replace trigger b_hold before update of name, category, space_id, subject_id, uploaded_by on files
    for each row when ((old.name, old.category, old.space_id, old.subject_id, old.uploaded_by) is distinct from (new.name, new.category, new.space_id, new.subject_id, new.uploaded_by))
    execute function app.hold_stays();

-- Nor by a decision that it is not about the person. With the file itself its students go.
create or replace function app.hold_student() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(app.hold_lock(old.organization_id));
    if exists (select from holds h where h.organization_id = old.organization_id and h.released_at is null and h.scope = 'person' and h.person_id = old.student_id)
       and exists (select from files f where f.organization_id = old.organization_id and f.id = old.file_id) then
        raise exception 'a hold covers file %', old.file_id using errcode = 'SQ033';
    end if;
    return old;
end $$;
create or replace trigger a_hold before delete on record_students for each row execute function app.hold_student();

-- A hold is placed on something that is there, and not once the organization's deletion has
-- begun: its objects may be gone. It ends once. Whom it is of changes when two persons become one.
create or replace function app.hold_place() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare there boolean;
begin
    if tg_op = 'UPDATE' then
        if old.released_at is not null and new.person_id is not distinct from old.person_id then raise exception 'the hold is released' using errcode = 'SQ034'; end if;
        return new;
    end if;
    perform pg_advisory_xact_lock(app.hold_lock(new.organization_id));
    if exists (select from organizations o where o.id = new.organization_id and o.deletion_begun_at is not null) then
        raise exception 'the deletion has begun' using errcode = 'SQ035';
    end if;
    there := new.scope in ('organization', 'query')
        or exists (select from files f where f.organization_id = new.organization_id and (f.id = new.file_id or new.person_id in (f.subject_id, f.uploaded_by)))
        or exists (select from spaces s where s.organization_id = new.organization_id and s.id = new.space_id)
        or exists (select from people p where p.organization_id = new.organization_id and p.user_id = new.person_id)
        or exists (select from members m where m.organization_id = new.organization_id and m.user_id = new.person_id);
    if not there then
        raise exception 'the target of the hold is not there' using errcode = 'SQ036';
    end if;
    return new;
end $$;
create or replace trigger a_place before insert or update on holds for each row execute function app.hold_place();

-- The deletion of an organization begins when no hold is left.
create or replace function app.hold_organization() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(app.hold_lock(new.id));
    if exists (select from holds h where h.organization_id = new.id and h.released_at is null) then
        raise exception 'holds of the organization are in force' using errcode = 'SQ032';
    end if;
    return new;
end $$;
create or replace trigger a_hold before update of deletion_begun_at on organizations
    for each row when (old.deletion_begun_at is null and new.deletion_begun_at is not null) execute function app.hold_organization();
