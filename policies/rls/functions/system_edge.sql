-- Organizations of which the cache in front of the content host was not told everything:
-- events of these types, or purges that were asked for. It is late: what works is told at
-- once. Of an organization of which it was never told, what is older than a moment is not
-- looked at: the cache may be newer than that.
create or replace function app.edge_waiting(types text[], since timestamptz, after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id from organizations o left join edge_cursors c on c.organization_id = o.id
     where o.id > after
       and (exists (select from organization_events e where e.organization_id = o.id and e.seq is null and e.type = any (types) and (e.at > since or c.position is not null))
            or exists (select from organization_events e where e.organization_id = o.id and e.seq > coalesce(c.position, 0) and e.type = any (types) and (e.at > since or c.position is not null))
            or exists (select from edge_purges p where p.organization_id = o.id and p.state = 'waiting'))
     order by o.id limit n
$$;

-- How many purges wait, or were given up, by organization.
create or replace function app.edge_backlog(types text[], wanted text, after uuid, n integer)
returns table (organization_id uuid, keys bigint, oldest timestamptz, latest timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id, b.keys, b.oldest, b.latest
      from organizations o left join edge_cursors c on c.organization_id = o.id
      cross join lateral (
          select count(*) as keys, min(w.at) as oldest, max(w.at) as latest from (
              select p.since as at from edge_purges p where p.organization_id = o.id and p.state = wanted
              union all
              select e.at from organization_events e
               where wanted = 'waiting' and c.position is not null and e.organization_id = o.id and e.type = any (types) and (e.seq is null or e.seq > c.position)) w) b
     where o.id > after and b.keys > 0
     order by o.id limit n
$$;
