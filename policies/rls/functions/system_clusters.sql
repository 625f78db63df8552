-- The directory of clusters, and what each cluster is told by it. What is asked in the directory's cluster comes
-- first, what is asked in a cluster of organizations behind it.

-- In which cluster an organization is: '' is this one, null is none.
create or replace function app.organization_place(org uuid) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return coalesce((select p.cluster from organization_places p where p.id = org and p.removed is null), (select '' from organizations o where o.id = org));
end $$;

-- Takes a slug for an organization of another cluster; false when it belongs to another one.
create or replace function app.organization_place_add(org uuid, new_slug text, of_cluster text, new_setup jsonb) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('slug/' || new_slug, 0));
    if exists (select from organizations o where o.slug = new_slug or o.id = org) then return false; end if;
    insert into organization_places (id, slug, cluster, setup) values (org, new_slug, of_cluster, new_setup) on conflict do nothing;
    return found or exists (select from organization_places p where p.id = org and p.slug = new_slug and p.cluster = of_cluster);
end $$;

-- Organizations whose rows in their cluster are still to be made.
create or replace function app.organization_places_pending(after uuid, n integer)
returns table (organization_id uuid, cluster text, slug text, setup jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.id, p.cluster, p.slug, p.setup from organization_places p where p.setup is not null and p.id > after order by p.id limit n
$$;

create or replace function app.organization_place_settled(org uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
    update organization_places set setup = null where id = org
$$;

-- Forgets where an organization was whose rows are removed; false when that was done. A cache in front
-- of the content host forgets its bytes, as behind app.organization_delete_rows.
create or replace function app.organization_place_remove(org uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare platform constant uuid := '00000000-0000-7000-8000-000000000000';
begin
    delete from organization_places where id = org;
    if not found then return false; end if;
    if exists (select from edge_cursors) then
        insert into edge_purges as p (organization_id, key) values (platform, 'o-' || org) on conflict (organization_id, key) do update set state = 'waiting', since = now();
        perform pg_notify('organization_events', platform::text);
    end if;
    return true;
end $$;

-- Which database each further cluster is.
create or replace function app.cluster_identities() returns table (cluster text, identity text)
language sql stable security definer set search_path = public, pg_temp as $$
    select c.cluster, c.identity from cluster_identities c order by c.cluster
$$;

-- Keeps which database a cluster is; false when that name is another one, or that one has another name.
create or replace function app.cluster_identity_keep(of_cluster text, is_now text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into cluster_identities (cluster, identity) values (of_cluster, is_now) on conflict do nothing;
    return found or exists (select from cluster_identities c where c.cluster = of_cluster and c.identity = is_now);
end $$;

-- Lets a cluster be asked about a login, from now on.
create or replace function app.login_place_add(iss text, sub text, of_cluster text) returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into login_places (issuer, subject, cluster) values (iss, sub, of_cluster) on conflict (issuer, subject, cluster) do update set made_at = now()
$$;

create or replace function app.login_places(iss text, sub text) returns table (cluster text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    return query select p.cluster from login_places p where p.issuer = iss and p.subject = sub order by p.cluster;
end $$;

-- The logins about which a cluster may be asked, but for those that may be on their way there.
create or replace function app.login_places_page(of_cluster text, older interval, after_issuer text, after_subject text, n integer) returns table (issuer text, subject text)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.issuer, p.subject from login_places p
     where p.cluster = of_cluster and (p.issuer, p.subject) > (after_issuer, after_subject) and p.made_at < now() - older order by p.issuer, p.subject limit n
$$;

-- Ends that a cluster is asked about a login which it does not know any more. The login's own user goes with
-- the last of these, where no row of this cluster names that user: it says who a person is.
create or replace function app.login_place_forget(iss text, sub text, of_cluster text, older interval) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from login_places p where p.issuer = iss and p.subject = sub and p.cluster = of_cluster and p.made_at < now() - older;
    if not found then return; end if;
    delete from logins l where l.issuer = iss and l.subject = sub and l.own
       and not exists (select from login_places p where p.issuer = iss and p.subject = sub)
       and not exists (select from members m where m.user_id = l.user_id) and not exists (select from people p where p.user_id = l.user_id);
end $$;

-- In a cluster of organizations: those of the logins that no one has here.
create or replace function app.logins_unknown(issuers text[], subjects text[]) returns table (issuer text, subject text)
language sql stable security definer set search_path = public, pg_temp as $$
    select a.i, a.s from unnest(issuers, subjects) a (i, s) where not exists (select from logins l where l.issuer = a.i and l.subject = a.s)
$$;

-- The login that a user was made for.
create or replace function app.user_login(wanted uuid) returns table (issuer text, subject text)
language sql stable security definer set search_path = public, pg_temp as $$
    select l.issuer, l.subject from logins l where l.user_id = wanted and l.own
$$;

-- In a cluster of organizations: a user of the directory, and the login that it was made for. Gives the
-- user of that login here, which is another one where the login was here before.
create or replace function app.user_copy(wanted uuid, iss text, sub text) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare found_id uuid;
begin
    if iss <> '' then
        perform pg_advisory_xact_lock(hashtextextended('login/' || iss || '/' || sub, 0));
        select l.user_id into found_id from logins l where l.issuer = iss and l.subject = sub and l.own;
        if found then return found_id; end if;
    end if;
    insert into users (id) values (wanted) on conflict do nothing;
    if iss <> '' then
        insert into logins (issuer, subject, user_id, own) values (iss, sub, wanted, true);
    end if;
    return wanted;
end $$;

-- Removes every row of an organization here, as app.organization_delete_rows, and keeps the counts until
-- the directory has them; null when there is no such organization.
create or replace function app.organization_delete_elsewhere(org uuid) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare counts jsonb; platform constant uuid := '00000000-0000-7000-8000-000000000000';
begin
    counts := app.organization_delete_rows(org);
    if counts is null then return (select p.removed from organization_places p where p.id = org); end if;
    delete from edge_purges where organization_id = platform and key = 'o-' || org; -- the directory tells the cache
    insert into organization_places (id, slug, cluster, removed) values (org, org::text, 'here', counts);
    return counts;
end $$;

-- The directory has the counts.
create or replace function app.organization_removed(org uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
    delete from organization_places where id = org and removed is not null
$$;
