-- The life of organizations, as the operators and the platform's own processes
-- see it.

-- The rows of an organization that is about to be set up; false when the slug
-- belongs to another id. Until its limits are set it can hold nothing.
create or replace function app.organization_begin(new_id uuid, new_slug text, new_name text, new_tier text, contact text,
    bytes bigint, file_size bigint, owner uuid, email text, invitation uuid)
returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('slug/' || new_slug, 0));
    if exists (select from organization_places p where p.slug = new_slug) then return false; end if; -- of an organization of another cluster
    insert into organizations (id, slug, name, tier, status, contact_email)
    values (new_id, new_slug, new_name, new_tier, 'provisioning', contact) on conflict do nothing;
    if not found then return exists (select from organizations where id = new_id and slug = new_slug); end if;
    insert into storage_quotas (organization_id, max_bytes, max_file_size, max_bytes_set, max_file_size_set) values (new_id, 0, 1, true, true);
    insert into organization_setups (organization_id, max_bytes, max_file_size, owner_id, owner_email, invitation_id)
    values (new_id, bytes, file_size, owner, email, invitation);
    return true;
end $$;

-- Organizations in id order, for operators. An empty filter lets everything through.
create or replace function app.organizations_list(after uuid, having_status text, looking_for text, n integer)
returns table (id uuid, slug text, name text, tier text, status text, status_reason text, contact_email text, allowed_origins text[],
               reads_while_suspended boolean, deletes_at timestamptz, deletion_id uuid, created_at timestamptz, updated_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id, o.slug, o.name, o.tier, o.status, o.status_reason, o.contact_email, o.allowed_origins,
           o.reads_while_suspended, o.deletes_at, o.deletion_id, o.created_at, o.updated_at
      from organizations o
     where o.id > after and (having_status = '' or o.status = having_status)
       and (looking_for = '' or strpos(lower(o.name), lower(looking_for)) > 0 or strpos(o.slug, lower(looking_for)) > 0)
     order by o.id limit n
$$;

-- Organizations whose workflow may have been lost: in the making for a while,
-- or past the end of their grace period.
create or replace function app.organizations_unfinished(quiet_for interval, after uuid, n integer)
returns table (organization_id uuid, status text, deletion_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id, o.status, o.deletion_id from organizations o
     where (o.status = 'provisioning' and o.updated_at < now() - quiet_for
            or o.status = 'deleting' and o.deletes_at < now() - quiet_for and o.updated_at < now() - quiet_for)
       and o.id > after
     order by o.id limit n
$$;

-- Removes every row of an organization that was never finished, or whose
-- deletion has begun, and says how many of each table; null when there is no
-- such organization. The tables are read from the catalog, so that a new one
-- cannot be left out: those to which others refer wait until these are gone. The
-- logins of users who belong to no other organization afterwards go as well: they say
-- who a person is. What is left of such a user is an id and a date. A cache in front of the
-- content host forgets the organization's bytes: the platform's purge outlives its events.
create or replace function app.organization_delete_rows(org uuid) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    waiting text[]; later text[]; name text; n bigint; counts jsonb := '{}'; o record; r record; met uuid[] := '{}';
    platform constant uuid := '00000000-0000-7000-8000-000000000000';
begin
    select status, deletion_begun_at into o from organizations where id = org for update;
    if not found then return null; end if;
    if not (o.status = 'provisioning' or o.status = 'deleting' and o.deletion_begun_at is not null) then
        raise exception 'the organization is not being deleted' using errcode = 'check_violation';
    end if;
    if exists (select from edge_cursors) then -- there is a cache that is told
        insert into edge_purges as p (organization_id, key) values (platform, 'o-' || org) on conflict (organization_id, key) do update set state = 'waiting', since = now();
        perform pg_notify('organization_events', platform::text);
    end if;
    perform set_config('app.deleting', org::text, true);
    for r in select k.conrelid::regclass as relation, a.attname as reference from pg_constraint k
               join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
              where k.contype = 'f' and k.confrelid = 'users'::regclass and k.conrelid <> 'logins'::regclass loop
        execute format('select array(select unnest($2) union select %I from %s where organization_id = $1 and %I is not null)', r.reference, r.relation, r.reference)
           into met using org, met;
    end loop;
    -- The quota goes last: removing a version settles it, and not only in the end.
    set constraints c_quota immediate;
    select array_agg(c.relname order by c.relname = 'storage_quotas', c.relname) into waiting
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p');
    while waiting is not null loop
        later := null;
        foreach name in array waiting loop
            begin
                execute format('delete from public.%I where organization_id = $1', name) using org;
                get diagnostics n = row_count;
                counts := counts || jsonb_build_object(name, n + coalesce((counts ->> name)::bigint, 0));
            exception when foreign_key_violation then
                later := later || name;
            end;
        end loop;
        if later = waiting then raise exception 'tables refer to each other: %', later; end if;
        waiting := later;
    end loop;
    delete from organizations where id = org;
    perform set_config('app.deleting', '', true);
    -- A user whose membership is being made elsewhere is locked by it, and is left.
    select array(select u.id from users u where u.id = any (met) for update skip locked) into met;
    -- A login that another cluster knows, or is to know, stays too: app.login_place_forget removes it with its last place.
    delete from logins l where l.user_id = any (met)
       and not (l.own and exists (select from login_places p where p.issuer = l.issuer and p.subject = l.subject))
       and not exists (select from members m where m.user_id = l.user_id) and not exists (select from people p where p.user_id = l.user_id);
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('logins', n);
    return counts;
end $$;
