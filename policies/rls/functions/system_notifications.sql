-- What the dispatch of notifications asks across organizations, and who is told of what
-- is an event and no person's.

-- Organizations with a notification that no one has dispatched, or a mail that is due.
create or replace function app.notifications_waiting(moment timestamptz, after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id from organizations o
     where o.id > after
       and (exists (select from notifications t where t.organization_id = o.id and t.dispatched_at is null)
            or exists (select from notification_mails m where m.organization_id = o.id and m.state in ('queued', 'sending') and m.next_at <= moment))
     order by o.id limit n
$$;

-- Whose mail it is, for a report of the mail server that came back.
create or replace function app.mail_organization(mail uuid) returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select m.organization_id from notification_mails m where m.id = mail
$$;

-- Organizations with mails, notifications or unconfirmed addresses that are due to go.
create or replace function app.notifications_old(mails_before timestamptz, notifications_before timestamptz, addresses_before timestamptz, after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id from organizations o
     where o.id > after
       and (exists (select from notification_mails m where m.organization_id = o.id and m.created_at < mails_before and m.ended_at is not null)
            or exists (select from notifications t where t.organization_id = o.id and t.created_at < notifications_before and t.dispatched_at is not null)
            or exists (select from mail_addresses a where a.organization_id = o.id and a.verified_at is null and a.created_at < addresses_before))
     order by o.id limit n
$$;

-- A substitute is told of the space, and its primary teachers are.
create or replace function app.substitute_notify() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into notifications (organization_id, id, user_id, kind, data)
    select new.organization_id, app.new_id(), p.user_id, 'space.substitute',
           jsonb_build_object('space_id', new.space_id, 'user_id', new.user_id, 'by', new.given_by, 'grant_id', new.id, 'ends_at', new.ends_at)
      from (select new.user_id as user_id
            union select m.user_id from space_members m where m.organization_id = new.organization_id and m.space_id = new.space_id and m.level = 4
                                                          and m.begins_at <= now() and m.ends_at > now()) p
     where p.user_id <> new.given_by;
    return null;
end $$;
create or replace trigger b_notify_substitute after insert on space_grants
    for each row when (new.via = 'substitute') execute function app.substitute_notify();

-- Owners and admins are told that a webhook was disabled and that a limit is near, with
-- the event that says so.
create or replace function app.event_notify() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into notifications (organization_id, id, user_id, kind, data)
    select new.organization_id, app.new_id(), m.user_id, new.type, new.data || jsonb_build_object('event_id', new.id)
      from members m where m.organization_id = new.organization_id and m.role in ('owner', 'admin') and not m.service;
    return null;
end $$;
create or replace trigger b_notify after insert on organization_events
    for each row when (new.type in ('webhook.disabled', 'usage.warning')) execute function app.event_notify();
