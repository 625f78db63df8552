-- Erasures that are not certified, and whose workflow was not started for a while. One that waits
-- for a hold is asked again when that hold is released: another may cover it still, and then it
-- waits for that. The deletion of an organization is a process of its own.
create or replace function app.erasures_due(quiet_for interval, silent interval, after uuid, n integer)
returns table (organization_id uuid, erasure_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select e.organization_id, e.id from erasures e join organizations o on o.id = e.organization_id
     where e.state <> 'certified' and e.scope <> 'organization' and e.requested_at < now() - quiet_for and o.deletion_begun_at is null
       and (e.woken_at is null or e.woken_at < now() - silent)
       and (e.state <> 'blocked' or not exists (select from holds h where h.organization_id = e.organization_id and h.id = e.hold_id and h.released_at is null))
       and e.id > after
     order by e.id limit n
$$;

-- What is asked for is there, whether or not who asks is in its space. A person is one of the
-- organization, or somebody whose files are here still.
create or replace function app.erasure_place() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.state = 'planned' and not (new.scope = 'organization'
        or new.scope = 'file' and exists (select from files f where f.organization_id = new.organization_id and f.id = new.target_id)
        or new.scope = 'person' and (exists (select from people p where p.organization_id = new.organization_id and p.user_id = new.target_id)
            or exists (select from members m where m.organization_id = new.organization_id and m.user_id = new.target_id)
            or exists (select from files f where f.organization_id = new.organization_id and new.target_id in (f.uploaded_by, f.subject_id)))) then
        raise exception 'the target of the erasure is not there' using errcode = 'SQ060';
    end if;
    return new;
end $$;
create or replace trigger a_place before insert on erasures for each row execute function app.erasure_place();
