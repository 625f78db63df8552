-- Organizations with an event of these types, not older than a moment, of which the cache
-- in front of the content host was not told. It is late: what works is told at once.
create or replace function app.edge_waiting(types text[], since timestamptz, after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id from organizations o left join edge_cursors c on c.organization_id = o.id
     where o.id > after
       and (exists (select from organization_events e where e.organization_id = o.id and e.seq is null and e.type = any (types) and e.at > since)
            or exists (select from organization_events e where e.organization_id = o.id and e.seq > coalesce(c.position, 0) and e.type = any (types) and e.at > since))
     order by o.id limit n
$$;
