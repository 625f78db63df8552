-- Who is calling with a key, found by its SHA-256: the same facts as
-- app.memberships gives of a person. A key that has ended, that no one knows, or
-- whose service account was removed or given another role is no row alike, so
-- that no answer tells them apart. One whose tier lacks keys is told apart by its
-- features: its holder may know what to ask for.
-- Dropped before, since a function keeps the columns that it once had.
drop function if exists app.api_key_find(bytea);
create or replace function app.api_key_find(wanted bytea)
returns table (key_id uuid, scopes text[], all_spaces boolean, last_used_at timestamptz,
               user_id uuid, organization_id uuid, role text, status text, tier text, requests_per_minute integer,
               origins text[], reads_while_suspended boolean, features text[])
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    return query
    select k.id, k.scopes, m.all_spaces, k.last_used_at,
           k.user_id, k.organization_id, k.role::text, o.status::text, o.tier, t.requests_per_minute, o.allowed_origins, o.reads_while_suspended,
           t.features
      from api_keys k
      join members m on m.organization_id = k.organization_id and m.user_id = k.user_id and m.role = k.role and m.service
      join organizations o on o.id = k.organization_id join tiers t on t.name = o.tier
     where k.hash = wanted and k.revoked_at is null and k.expires_at > now();
end $$;

-- Who is told of a key of all spaces, since it reads what owners and admins do not see:
-- the other owners, and who manages a confidential space.
create or replace function app.key_notify() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into notifications (organization_id, id, user_id, kind, data)
    select new.organization_id, app.new_id(), p.user_id, 'key.all_spaces', jsonb_build_object('key_id', new.id, 'by', new.created_by)
      from (select o.user_id from members o where o.organization_id = new.organization_id and o.role = 'owner'
            union select m.user_id from space_members m join spaces s on s.organization_id = m.organization_id and s.id = m.space_id
                   where m.organization_id = new.organization_id and s.kind = 'confidential' and m.level = 4 and m.begins_at <= now() and m.ends_at > now()) p
     where p.user_id <> new.created_by;
    return null;
end $$;
create or replace trigger b_notify after insert on api_keys
    for each row when (new.all_spaces) execute function app.key_notify();

-- Whether any organization lets pages of this origin in. A browser asks it
-- before it says who is calling.
create or replace function app.origin_known(wanted text)
returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from organizations where allowed_origins @> array[wanted])
$$;
