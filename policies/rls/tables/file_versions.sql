-- Versions of the organization; system finds those that wait for a workflow.
alter table file_versions enable row level security;
alter table file_versions force row level security;
drop policy if exists tenant on file_versions;
create policy tenant on file_versions for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on file_versions to satchel_app;
-- Who reads the file reads its versions; who may change it adds one.
drop policy if exists people_read on file_versions;
create policy people_read on file_versions for select to satchel_people
    using (organization_id = (select app.people_org()) and app.may_read_file(file_id));
drop policy if exists people_add on file_versions;
create policy people_add on file_versions for insert to satchel_people
    with check (organization_id = (select app.people_org()) and uploaded_by = (select app.actor()) and app.may_change_file(file_id));
drop policy if exists people_change on file_versions;
create policy people_change on file_versions for update to satchel_people
    using (organization_id = (select app.people_org()) and app.may_change_file(file_id))
    with check (organization_id = (select app.people_org()));
grant select, insert, update on file_versions to satchel_people;
drop policy if exists system on file_versions;
create policy system on file_versions for select to satchel_system using (true);
grant select on file_versions to satchel_system;

-- Triggers run in the order of their names. The file's row is always locked
-- before the quota's, here and in every statement of the application, so that
-- two transactions cannot wait for each other.

-- The file follows its versions by app.version_follow (functions/system_versions.sql).

-- What a file is sorted by changes in two more places: the content is inspected, and a name
-- changes the type.
create or replace function app.version_shown() returns trigger language plpgsql as $$
begin
    update files f set shown_size = new.size, shown_type = new.mime_type
     where f.organization_id = new.organization_id and f.id = new.file_id and new.id = coalesce(f.current_id, f.head_id);
    return null;
end $$;
create or replace trigger a_shown after update of size, mime_type on file_versions
    for each row when (old.status = new.status and (old.size <> new.size or old.mime_type <> new.mime_type)) execute function app.version_shown();
grant execute on function app.version_shown() to satchel_app;

drop trigger if exists b_event on file_versions;
drop function if exists app.version_event();

-- What is added to a published version is an event of its own: who waits for the
-- previews has seen the end of the pipeline.
create or replace function app.version_preview_event() returns trigger language plpgsql as $$
begin
    if new.status = 'published' and old.status = 'published' and new.preview <> old.preview then
        perform app.event(new.organization_id, new.file_id, 'preview',
            jsonb_build_object('version', new.number, 'preview', new.preview, 'preview_reason', new.preview_reason));
    end if;
    return null;
end $$;
create or replace trigger b_preview_event after update of preview on file_versions
    for each row execute function app.version_preview_event();

-- The quota's row is locked at the end of a transaction and not before it: between
-- a statement and the next there is a program, which may have to wait for a
-- processor. Only the end of the audit log is locked after it.
create or replace function app.version_quota() returns trigger language plpgsql as $$
declare
    reserved bigint := coalesce(new.reserved_bytes, 0) - coalesce(old.reserved_bytes, 0);
    used     bigint := coalesce(new.used_bytes, 0) - coalesce(old.used_bytes, 0);
    org      uuid   := coalesce(new.organization_id, old.organization_id);
    today    date   := (now() at time zone 'UTC')::date;
begin
    if reserved = 0 and used = 0 then return null; end if;
    -- Only growth is refused: an organization above a lowered limit can still
    -- settle, shrink and delete.
    update storage_quotas set reserved_bytes = reserved_bytes + reserved, used_bytes = used_bytes + used, updated_at = now(),
           opening_bytes = case when opened_on < today then used_bytes else opening_bytes end, opened_on = greatest(opened_on, today)
     where organization_id = org
       and (reserved + used <= 0 or used_bytes + reserved_bytes + used + reserved <= max_bytes);
    if not found then
        raise exception 'no room for % bytes', reserved + used using errcode = 'SQ001',
            detail = (select format('%s bytes%s', q.max_bytes, case when q.max_bytes_set then '' else ', as of the tier ' || o.tier end)
                        from storage_quotas q join organizations o on o.id = q.organization_id where q.organization_id = org);
    end if;
    return null;
end $$;
drop trigger if exists c_quota on file_versions;
create constraint trigger c_quota after insert or delete or update of reserved_bytes, used_bytes on file_versions
    deferrable initially deferred for each row execute function app.version_quota();

grant execute on function app.version_preview_event(), app.version_quota() to satchel_app;

-- Marks the published versions below the newest published one, and takes the mark from
-- that one: its successor may have been revoked or deleted. A version that is published
-- after a newer one is marked at once.
create or replace function app.version_supersede() returns trigger language plpgsql as $$
begin
    update file_versions v set superseded_at = case when v.number < newest.number then now() end
      from (select max(n.number) as number from file_versions n
             where n.organization_id = new.organization_id and n.file_id = new.file_id and n.status = 'published') newest
     where v.organization_id = new.organization_id and v.file_id = new.file_id and v.status = 'published'
       and (v.superseded_at is null) = (v.number < newest.number);
    return null;
end $$;
create or replace trigger b_supersede after update of status on file_versions
    for each row when ((old.status = 'published') <> (new.status = 'published')) execute function app.version_supersede();
grant execute on function app.version_supersede() to satchel_app;
