-- Where a person belongs, by what their issuer calls them: a row for each place,
-- and one without a place for a user who belongs nowhere. The login's own user comes
-- first.
drop function if exists app.person_places(text, text);
create or replace function app.person_places(iss text, sub text)
returns table (user_id uuid, own boolean, organization_id uuid, name text, role text, status text)
language sql stable security definer set search_path = public, pg_temp as $$
    select l.user_id, l.own, o.id, o.name, m.role, o.status
      from logins l left join members m on m.user_id = l.user_id left join organizations o on o.id = m.organization_id
     where l.issuer = iss and l.subject = sub order by l.own desc, o.id, l.user_id
$$;

-- Users for people who have not signed in yet. Their ids are new, so that they are
-- of the caller's organization alone.
create or replace function app.users_add(ids uuid[]) returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into users (id) select unnest(ids)
$$;

-- Makes a login one of a person of this organization; false when it may not be. The
-- person's user must have no login of its own: such a user may be a member of other
-- organizations, and who is let in here would be let in there. A login has one user
-- of an organization at most; who links holds the organization's lock, so that no
-- other comes meanwhile.
create or replace function app.login_link(iss text, sub text, person uuid, via text, linker uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('login/' || iss || '/' || sub, 0));
    if iss = 'urn:satchel:service'
       or not exists (select from people p where p.organization_id = (select app.org()) and p.user_id = person)
       or exists (select from logins l where l.user_id = person and l.own)
       or exists (select from logins l where l.issuer = iss and l.subject = sub and l.user_id <> person
                     and (exists (select from members m where m.user_id = l.user_id and m.organization_id = (select app.org()))
                       or exists (select from people p where p.user_id = l.user_id and p.organization_id = (select app.org()))))
    then return false; end if;
    insert into logins (issuer, subject, user_id, linked_via, linked_by) values (iss, sub, person, via, linker)
    on conflict (issuer, subject, user_id) do nothing;
    return true;
end $$;

-- Takes a login from a person of this organization; no row when there is none, or
-- when it is the user's own.
create or replace function app.login_unlink(login uuid, person uuid)
returns table (issuer text, subject text)
language sql security definer set search_path = public, pg_temp as $$
    delete from logins l where l.id = login and l.user_id = person and not l.own
       and exists (select from people p where p.organization_id = (select app.org()) and p.user_id = person)
    returning l.issuer, l.subject
$$;

-- The confirmed rules of the tenants that a token names, of each organization the one
-- of a domain before that of a directory.
create or replace function app.login_rules_of(iss text, domain text, directory text)
returns table (organization_id uuid, id uuid, person_claim text, may_verify_email boolean, may_verify_username boolean, jit_role text)
language sql stable security definer set search_path = public, pg_temp as $$
    select distinct on (r.organization_id) r.organization_id, r.id, r.person_claim, r.may_verify_email, r.may_verify_username, coalesce(r.jit_role, '')
      from login_rules r
     where r.confirmed_at is not null and r.issuer = iss
       and (r.tenant_claim = 'hd' and r.tenant_value = domain or r.tenant_claim = 'tid' and r.tenant_value = directory)
     order by r.organization_id, r.tenant_claim, r.id
$$;

-- Confirms that a tenant is the organization's; false when another one has it
-- confirmed. Of two calls at once the second waits for the first.
create or replace function app.login_rule_confirm(rule uuid, operator uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare r record;
begin
    select l.organization_id, l.issuer, l.tenant_claim, l.tenant_value into r from login_rules l where l.organization_id = (select app.org()) and l.id = rule;
    if not found then return false; end if;
    perform pg_advisory_xact_lock(hashtextextended('tenant/' || r.issuer || '/' || r.tenant_claim || '/' || r.tenant_value, 0));
    if exists (select from login_rules l where l.issuer = r.issuer and l.tenant_claim = r.tenant_claim and l.tenant_value = r.tenant_value
                  and l.confirmed_at is not null and l.organization_id <> r.organization_id) then return false; end if;
    update login_rules l set confirmed_at = now(), confirmed_by = operator
     where l.organization_id = r.organization_id and l.id = rule and l.confirmed_at is null;
    return true;
end $$;

-- People whose time is over.
create or replace function app.people_leaving(after uuid, n integer)
returns table (organization_id uuid, user_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.organization_id, p.user_id from people p
     where p.state = 'leaving' and p.leaves_at <= now() and p.user_id > after order by p.user_id limit n
$$;

-- Organizations with logins that have waited for so long without another sign-in.
create or replace function app.login_requests_old(unseen_for interval, after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select distinct r.organization_id from login_requests r
     where r.state = 'waiting' and r.seen_at < now() - unseen_for and r.organization_id > after order by r.organization_id limit n
$$;

-- The invitation whose token has this SHA-256, open or ended. A token is 256
-- random bits, so that only its recipient has it.
create or replace function app.invitation_by_token(hash bytea)
returns table (organization_id uuid, invitation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select i.organization_id, i.id from invitations i where i.token_hash = hash
$$;

-- Open invitations whose workflow never began, went silent before the mail was
-- out, or is not there to end them.
create or replace function app.invitations_waiting(unstarted_for interval, silent_for interval, after uuid, n integer)
returns table (organization_id uuid, invitation_id uuid, expires_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select i.organization_id, i.id, i.expires_at from invitations i
     where i.state = 'pending'
       and (i.started_at is null and i.updated_at < now() - unstarted_for
            or i.delivery = 'queued' and i.updated_at < now() - silent_for
            or i.expires_at < now() - unstarted_for)
       and i.id > after
     order by i.id limit n
$$;
