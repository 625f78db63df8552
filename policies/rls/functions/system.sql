-- What looks across organizations: here and in the other files of this folder, and
-- nowhere else. Each function answers one question with ids; the work on what it
-- found happens in that organization's own transaction. A list is paged in the order
-- of ids, behind the last id of the page before, so that items that fail do not come
-- back at the head. close.sql gives all of
-- them their owner and their only caller. What requests ask is PL/pgSQL, which keeps its
-- plan: a definer function in SQL is planned at each call.

-- Who is calling: the memberships of a person, and of each organization what
-- authentication must know.
create or replace function app.memberships(iss text, sub text)
returns table (user_id uuid, organization_id uuid, role text, status text, tier text, requests_per_minute integer,
               origins text[], reads_while_suspended boolean, features text[])
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    return query
    select m.user_id, m.organization_id, m.role::text, o.status::text, o.tier, t.requests_per_minute, o.allowed_origins, o.reads_while_suspended, t.features
      from logins l join members m on m.user_id = l.user_id join organizations o on o.id = m.organization_id join tiers t on t.name = o.tier
     where l.issuer = iss and l.subject = sub;
end $$;

-- Tells those who remember memberships that one may have changed. What app.memberships reads
-- changes seldom, and a transaction notifies once.
create or replace function app.memberships_changed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_notify('memberships', 'changed');
    return null;
end $$;
create or replace trigger z_memberships after insert or update or delete on members for each statement execute function app.memberships_changed();
create or replace trigger z_memberships after update or delete on logins for each statement execute function app.memberships_changed();
create or replace trigger z_memberships after update of status, tier, allowed_origins, reads_while_suspended on organizations
    for each statement execute function app.memberships_changed();
create or replace trigger z_memberships after update on tiers for each statement execute function app.memberships_changed();

-- The user of a login's own, made when the login is unknown. Of two calls at once
-- the second waits for the first.
create or replace function app.user_ensure(new_id uuid, iss text, sub text)
returns uuid language plpgsql security definer set search_path = public, pg_temp as $$
declare found_id uuid;
begin
    select l.user_id into found_id from logins l where l.issuer = iss and l.subject = sub and l.own;
    if found then return found_id; end if;
    perform pg_advisory_xact_lock(hashtextextended('login/' || iss || '/' || sub, 0));
    select l.user_id into found_id from logins l where l.issuer = iss and l.subject = sub and l.own;
    if found then return found_id; end if;
    insert into users (id) values (new_id);
    insert into logins (issuer, subject, user_id, own) values (iss, sub, new_id, true);
    return new_id;
end $$;

-- Organizations in id order, for sweeps that page through them.
create or replace function app.organizations_page(after uuid, n integer)
returns table (id uuid) language sql stable security definer set search_path = public, pg_temp as $$
    select o.id from organizations o where o.id > after order by o.id limit n
$$;

-- Organizations with versions that have waited in the admission queue for a while though there
-- is room, by their tier and the platform's ceiling and counted as an admission
-- counts (VersionAdmit): an organization whose own limit holds it back is not listed, so that
-- however many do, no other is missed.
create or replace function app.organizations_waiting(unstarted_for interval, ceiling integer, after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select w.id from (
        select o.id, least(t.concurrent_scans, ceiling) as most from organizations o join tiers t on t.name = o.tier
         where o.id in (select v.organization_id from file_versions v
                         where v.status = 'processing' and v.started_at is null and v.received_at < now() - unstarted_for)) w
     where (select count(*) from file_versions r
             where r.organization_id = w.id and r.status = 'processing' and r.started_at > now() - interval '1 hour') < w.most
       and w.id > after
     order by w.id limit n
$$;

-- Versions that were let into the pipeline and whose workflow has shown no life:
-- none since then for a short while, because its start was lost, or none for a
-- long one, because it was lost with its server.
create or replace function app.versions_waiting(unstarted_for interval, silent_for interval, after uuid, n integer)
returns table (organization_id uuid, file_id uuid, version_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select v.organization_id, v.file_id, v.id from file_versions v
     where v.status = 'processing' and v.started_at is not null
       and (v.updated_at <= v.started_at and v.started_at < now() - unstarted_for or v.updated_at < now() - silent_for)
       and v.id > after
     order by v.id limit n
$$;

-- Uploads past their time.
create or replace function app.uploads_expired(after uuid, n integer)
returns table (organization_id uuid, upload_id uuid, version_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select u.organization_id, u.id, u.version_id from uploads u
     where u.finished_at is null and u.expires_at < now() and u.lease_until < now() and u.id > after order by u.id limit n
$$;
