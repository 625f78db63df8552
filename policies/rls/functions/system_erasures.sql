-- Erasures that are not certified, and whose workflow was not started for a while. One that waits
-- for holds is asked again when one of them is released, which another may follow: what that one
-- covered alone does not wait for the rest, nor for the time since its workflow was started
-- last. The deletion of an organization is a process of its own.
create or replace function app.erasures_due(quiet_for interval, silent interval, after uuid, n integer)
returns table (organization_id uuid, erasure_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select e.organization_id, e.id from erasures e join organizations o on o.id = e.organization_id
     where e.state <> 'certified' and e.scope <> 'organization' and e.requested_at < now() - quiet_for and o.deletion_begun_at is null
       and (e.woken_at is null or e.woken_at < now() - silent or exists (select from erasure_items i join holds h on h.organization_id = i.organization_id and h.id = i.hold_id
                where i.organization_id = e.organization_id and i.erasure_id = e.id and i.state = 'blocked' and h.released_at > e.woken_at))
       and (e.state <> 'blocked' or exists (select from erasure_items i
                where i.organization_id = e.organization_id and i.erasure_id = e.id and i.state = 'blocked'
                  and not exists (select from holds h where h.organization_id = i.organization_id and h.id = i.hold_id and h.released_at is null)))
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
        or new.scope in ('person', 'consent') and (exists (select from people p where p.organization_id = new.organization_id and p.user_id = new.target_id)
            or exists (select from members m where m.organization_id = new.organization_id and m.user_id = new.target_id)
            or exists (select from files f where f.organization_id = new.organization_id and new.target_id in (f.uploaded_by, f.subject_id)))) then
        raise exception 'the target of the erasure is not there' using errcode = 'SQ060';
    end if;
    return new;
end $$;
create or replace trigger a_place before insert on erasures for each row execute function app.erasure_place();

-- A file that is to be erased, or waits in the trash for a hold to end, does not come back from there:
-- who asked was told that no one uses it. People do not see the versions of an erasure.
create or replace function app.erasure_trash() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if exists (select from erasure_items i join erasures e on e.organization_id = i.organization_id and e.id = i.erasure_id
                where i.organization_id = new.organization_id and i.file_id = new.id and i.state in ('planned', 'blocked') and e.state <> 'certified') then
        raise exception 'file % is being erased', new.id using errcode = 'SQ037';
    end if;
    return new;
end $$;
create or replace trigger b_erasure before update of trashed_at on files
    for each row when (old.trashed_at is not null and new.trashed_at is null) execute function app.erasure_trash();

-- A withdrawn consent begins the erasure of what is here by it (16 CFR 312.6(a)(2)), whichever way it is
-- withdrawn: by the parent's link, or on a form that staff record. The decision has waited for every upload of
-- the child, so what is looked for is there; the time is that of the clock, which is behind them. Which files
-- go is decided when they go.
create or replace function app.consent_withdrawn() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if exists (select from files f where f.organization_id = new.organization_id and f.child_id = new.child_id
                  and (f.legal_basis = 'parental_consent' or f.held_since is not null) and app.consent_alone(f, new.child_id)) then
        insert into erasures (organization_id, id, scope, target_id, basis, requested_at)
        values (new.organization_id, new.id, 'consent', new.child_id, 'consent_withdrawn', clock_timestamp());
    end if;
    return null;
end $$;
create or replace trigger b_withdrawn after insert on consent_decisions for each row when (new.kind = 'revoke') execute function app.consent_withdrawn();
