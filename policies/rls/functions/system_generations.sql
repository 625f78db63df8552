-- Generations that have something to do and were quiet for a while: their workflow may not
-- have been started, or was not told of a decision. One whose job has begun waits for a
-- model, which may take long. A draft waits for a person and is not
-- among them until its time is over. A deletion that has begun ends them.
create or replace function app.generations_unfinished(quiet_for interval, after uuid, n integer)
returns table (organization_id uuid, generation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select g.organization_id, g.id from generations g join organizations o on o.id = g.organization_id
      left join operations p on p.organization_id = g.organization_id and p.id = g.id
     where g.ended_at is null and o.deletion_begun_at is null and g.id > after
       and (g.state = 'waiting' and (p.started_at is null and coalesce(p.state, '') <> 'paused' or p.ended_at is not null) and g.updated_at < now() - quiet_for
            or g.state = 'approved' and g.updated_at < now() - quiet_for or g.state = 'draft' and g.expires_at < now() - quiet_for)
     order by g.id limit n
$$;

-- Generations that ended before a moment.
create or replace function app.generations_old(before timestamptz, after uuid, n integer)
returns table (organization_id uuid, generation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select g.organization_id, g.id from generations g where g.ended_at < before and g.id > after order by g.id limit n
$$;
