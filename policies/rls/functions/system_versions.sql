-- What the sweeps of versions and of changes of many files ask.

-- Organizations that limit their versions and have some that a newer one replaced, in
-- id order.
create or replace function app.organizations_with_old_versions(after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.organization_id from organization_policies p
     where p.organization_id > after and (p.version_keep is not null or p.version_days is not null)
       and exists (select from file_versions v where v.organization_id = p.organization_id and v.status = 'published' and v.superseded_at is not null)
     order by p.organization_id limit n
$$;

-- Versions of one organization beyond its limits, in id order: replaced for longer than
-- its days, or with as many newer published ones as it keeps. Files in the trash are
-- left out: they come back whole, or go whole. So is what is on hold.
create or replace function app.versions_beyond_retention(org uuid, after uuid, n integer)
returns table (organization_id uuid, file_id uuid, version_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select v.organization_id, v.file_id, v.id
      from organization_policies p
      join file_versions v on v.organization_id = p.organization_id
      join files f on f.organization_id = v.organization_id and f.id = v.file_id
     where p.organization_id = org and v.status = 'published' and v.superseded_at is not null and v.id > after and f.trashed_at is null
       and (v.superseded_at < now() - make_interval(days => p.version_days)
            or (select count(*) from file_versions w where w.organization_id = v.organization_id and w.file_id = v.file_id
                   and w.status = 'published' and w.number > v.number) >= p.version_keep)
       and not app.on_hold(f)
     order by v.id limit n
$$;

-- Changes of many files that have not ended: their workflow may be lost, or the request
-- that made them. The first seconds belong to that request. A deletion that has begun
-- ends them.
create or replace function app.bulk_changes_unfinished(after uuid, n integer)
returns table (organization_id uuid, operation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.organization_id, p.id from operations p join organizations o on o.id = p.organization_id
     where p.kind = 'change_files' and p.ended_at is null and p.id > after
       and o.deletion_begun_at is null and p.created_at < now() - interval '20 seconds'
     order by p.id limit n
$$;

-- Organizations with changes of many files of which no one asks any more, in id order.
create or replace function app.organizations_with_old_bulk_changes(older_than interval, after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id from organizations o
     where o.id > after and exists (select from bulk_changes b where b.organization_id = o.id and b.created_at < now() - older_than)
     order by o.id limit n
$$;

-- The file follows its versions, and a change of their status is an event of the file and of the
-- organization: all in one update of its row. Only a version that becomes the published one or
-- stops being it makes the others be looked at; numbers grow, so a new version is the newest.
--
-- It changes the version's own file and no other, behind the policies that let the version's row be written, and
-- reads nothing for the caller. So it runs as satchel_system: for people each statement here would
-- ask the access rule about that file again.
create or replace function app.version_follow() returns trigger
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
    told   boolean := tg_op = 'INSERT' or new.status <> old.status;
    n      bigint;
    place  uuid;
    newest record;
    shown  record;
    steps  jsonb[] := '{}';
begin
    if tg_op = 'UPDATE' and current_setting('app.steps_with_status', true) = new.id::text then
        steps := array(select jsonb_build_object('version', new.number, 'name', s.name, 'state', s.state, 'attempt', s.attempt) from version_steps s
                        where s.organization_id = new.organization_id and s.version_id = new.id and s.state = 'done' order by s.started_at, s.ended_at);
    end if;
    if tg_op = 'INSERT' then
        -- The file was made with its version in mind, and has it and the event already.
        select f.event_seq, f.space_id into n, place from files f
         where f.organization_id = new.organization_id and f.id = new.file_id and f.head_id = new.id;
    end if;
    if n is not null then
        null;
    elsif new.status = 'published' or tg_op = 'UPDATE' and old.status = 'published' then
        select v.id, v.status, v.size, v.mime_type into newest from file_versions v
         where v.organization_id = new.organization_id and v.file_id = new.file_id order by v.number desc limit 1;
        select v.id, v.size, v.mime_type into shown from file_versions v
         where v.organization_id = new.organization_id and v.file_id = new.file_id and v.status = 'published' order by v.number desc limit 1;
        update files f set
            head_id = newest.id, current_id = shown.id, updated_at = now(), event_seq = f.event_seq + told::integer + cardinality(steps),
            shown_size = coalesce(shown.size, newest.size), shown_type = coalesce(shown.mime_type, newest.mime_type),
            status = case when f.trashed_at is not null then 'deleted' when shown.id is not null then 'published' else newest.status end
         where f.organization_id = new.organization_id and f.id = new.file_id
        returning f.event_seq, f.space_id into n, place;
    else
        update files f set
            head_id = case when tg_op = 'INSERT' then new.id else f.head_id end, updated_at = now(), event_seq = f.event_seq + told::integer,
            shown_size = case when f.current_id is null and (tg_op = 'INSERT' or f.head_id = new.id) then new.size else f.shown_size end,
            shown_type = case when f.current_id is null and (tg_op = 'INSERT' or f.head_id = new.id) then new.mime_type else f.shown_type end,
            status = case when f.trashed_at is not null then 'deleted' when f.current_id is not null then 'published'
                          when tg_op = 'INSERT' or f.head_id = new.id then new.status else f.status end
         where f.organization_id = new.organization_id and f.id = new.file_id
        returning f.event_seq, f.space_id into n, place;
    end if;
    if not told then return null; end if;
    if cardinality(steps) > 0 then
        insert into file_events (organization_id, file_id, seq, type, data)
        select new.organization_id, new.file_id, n - cardinality(steps) - 1 + s.place, 'step', s.said from unnest(steps) with ordinality s (said, place);
    end if;
    insert into file_events (organization_id, file_id, seq, type, data) values (new.organization_id, new.file_id, n, 'status',
        jsonb_build_object('version', new.number, 'status', new.status, 'status_reason', new.status_reason));
    perform app.wake(new.organization_id, new.file_id);
    perform app.tell_version(new, tg_op = 'INSERT', place);
    return null;
end $$;
create or replace trigger a_follow after insert or update of status on file_versions
    for each row execute function app.version_follow();
grant update (head_id, current_id, status, shown_size, shown_type, event_seq, updated_at) on files to satchel_system;
drop policy if exists system on file_events;
create policy system on file_events for insert to satchel_system with check (organization_id = coalesce((select app.org()), organization_id));
grant insert on file_events to satchel_system;
