-- Who is calling with a key, found by its SHA-256: the same facts as
-- app.memberships gives of a person. A key that has ended, that no one knows, or
-- whose service account was removed or given another role is no row alike, so
-- that no answer tells them apart. One whose tier lacks keys is told apart by its
-- features: its holder may know what to ask for.
create or replace function app.api_key_find(wanted bytea)
returns table (key_id uuid, scopes text[], last_used_at timestamptz,
               user_id uuid, organization_id uuid, role text, status text, tier text, requests_per_minute integer,
               origins text[], reads_while_suspended boolean, features text[])
language sql stable security definer set search_path = public, pg_temp as $$
    select k.id, k.scopes, k.last_used_at,
           k.user_id, k.organization_id, k.role, o.status, o.tier, t.requests_per_minute, o.allowed_origins, o.reads_while_suspended,
           t.features
      from api_keys k
      join members m on m.organization_id = k.organization_id and m.user_id = k.user_id and m.role = k.role and m.service
      join organizations o on o.id = k.organization_id join tiers t on t.name = o.tier
     where k.hash = wanted and k.revoked_at is null and k.expires_at > now()
$$;

-- Whether any organization lets pages of this origin in. A browser asks it
-- before it says who is calling.
create or replace function app.origin_known(wanted text)
returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from organizations where allowed_origins @> array[wanted])
$$;
