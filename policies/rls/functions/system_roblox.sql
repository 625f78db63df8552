-- What is asked about Roblox across organizations.

-- The organization of the connection that Roblox names in what it sends.
create or replace function app.roblox_connection_of(connection uuid) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
    select c.organization_id from roblox_connections c join organizations o on o.id = c.organization_id
     where c.id = connection and o.deletion_begun_at is null
$$;

-- Active connections that are due, or whose sync has not begun although it was asked for.
create or replace function app.roblox_waiting(moment timestamptz, quiet_for interval, after uuid, n integer)
returns table (organization_id uuid, connection_id uuid, sync_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select c.organization_id, c.id, case when p.ended_at is null then p.id end
      from roblox_connections c join organizations o on o.id = c.organization_id
      left join operations p on p.organization_id = c.organization_id and p.id = c.sync_id
     where c.id > after and c.state = 'active' and o.status = 'active'
       and (p.id is not null and p.ended_at is null and p.started_at is null and p.state <> 'paused' and p.created_at < moment - quiet_for
            or (p.id is null or p.ended_at is not null) and c.automatic and c.next_sync_at <= moment)
     order by c.id limit n
$$;

-- Connections with a secret that is encrypted under another key of the service than the one
-- that is named. The name stands in front of the ciphertext, behind its version and length.
create or replace function app.roblox_sealed_otherwise(current_key text, after uuid, n integer)
returns table (organization_id uuid, connection_id uuid, sync_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select c.organization_id, c.id, null::uuid from roblox_connections c join organizations o on o.id = c.organization_id
     where c.id > after and o.deletion_begun_at is null
       and exists (select from (values (c.key_sealed), (c.secret_sealed)) s (sealed)
                    where substring(s.sealed from 3 for case when length(s.sealed) > 2 then get_byte(s.sealed, 1) else 0 end) <> convert_to(current_key, 'UTF8'))
     order by c.id limit n
$$;

-- Publications and erasures whose workflow has not been started, or was lost.
create or replace function app.roblox_unfinished(moment timestamptz, quiet_for interval, after uuid, n integer)
returns table (organization_id uuid, id uuid, erasure boolean)
language sql stable security definer set search_path = public, pg_temp as $$
    select u.organization_id, u.id, u.erasure from (
        select e.organization_id, e.id, true as erasure from roblox_erasures e where e.done_at is null and e.received_at < moment - quiet_for and e.id > after
        union all
        select p.organization_id, p.id, false from roblox_publications p join operations j on j.organization_id = p.organization_id and j.id = p.id
         where p.ended_at is null and j.ended_at is null and j.started_at is null and p.created_at < moment - quiet_for and p.id > after) u
      join organizations o on o.id = u.organization_id and o.deletion_begun_at is null
     order by u.id limit n
$$;
