-- Requests of guardians that the data of a student is erased: what begins by itself, and who is told.

-- Whether something of a child is here by a consent alone, as app.consent_alone says it: the erasure of that is
-- the parent's to direct (16 CFR 312.6(a)(2)), and the rest is a record of the school's, about which it decides.
create or replace function app.by_consent_alone(org uuid, child uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from files f where f.organization_id = org and f.child_id = child
                      and (f.legal_basis = 'parental_consent' or f.held_since is not null) and app.consent_alone(f, child))
$$;

-- Owners and admins are told of a request that comes in. Of a guardian's, the erasure of what is here by a consent
-- alone begins in the same transaction, under the id of the request: one request begins one.
create or replace function app.erasure_request_follow() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        perform app.officers_notify(new.organization_id, 'erasure.asked', jsonb_build_object('request_id', new.id, 'over', false), new.requester_id);
        if new.requester_id <> new.student_id and app.by_consent_alone(new.organization_id, new.student_id) then
            insert into erasures (organization_id, id, scope, target_id, basis, requested_by, requested_at)
            values (new.organization_id, new.id, 'consent', new.student_id, 'parent_request', new.requester_id, clock_timestamp());
        end if;
    elsif new.state in ('accepted', 'refused') and app.amendment_right(new.organization_id, new.student_id, new.requester_id) then
        insert into notifications (organization_id, id, user_id, kind, data)
        values (new.organization_id, app.new_id(), new.requester_id, 'erasure.answered', jsonb_build_object('request_id', new.id, 'state', new.state));
    end if;
    return null;
end $$;
create or replace trigger b_follow after insert or update of state on erasure_requests
    for each row execute function app.erasure_request_follow();

-- Owners and admins are told of an erasure that no officer asked for: after a withdrawn consent, or on the
-- request of a parent. Files of a child go by it that somebody at the school may look for.
create or replace function app.erasure_began() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform app.officers_notify(new.organization_id, 'erasure.began', jsonb_build_object('erasure_id', new.id, 'basis', new.basis), null);
    return null;
end $$;
create or replace trigger b_began after insert on erasures for each row when (new.scope = 'consent' and new.state = 'planned') execute function app.erasure_began();

-- Who asked is told when an erasure of their request has its certificate, if they have the right still.
create or replace function app.erasure_answered() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into notifications (organization_id, id, user_id, kind, data)
    select r.organization_id, app.new_id(), r.requester_id, 'erasure.answered', jsonb_build_object('request_id', r.id, 'state', 'certified')
      from erasure_requests r where r.organization_id = new.organization_id and (r.id = new.id or r.erasure_id = new.id)
       and app.amendment_right(r.organization_id, r.student_id, r.requester_id);
    return null;
end $$;
create or replace trigger b_answered after update of state on erasures
    for each row when (new.state = 'certified' and old.state <> 'certified') execute function app.erasure_answered();
