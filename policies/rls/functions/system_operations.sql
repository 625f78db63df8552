-- Verifications of audit logs that have not ended, one an organization at most:
-- their workflow may be lost. A deletion that has begun ends them, and they are
-- not started again. The first seconds belong to the request that began it.
create or replace function app.verifications_unfinished(after uuid, n integer)
returns table (organization_id uuid, operation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.organization_id, p.id from operations p join organizations o on o.id = p.organization_id
     where p.kind = 'verify_audit_log' and p.ended_at is null and p.organization_id > after
       and o.deletion_begun_at is null and p.created_at < now() - interval '20 seconds'
     order by p.organization_id limit n
$$;

-- What operators see of jobs across organizations. The lists narrow by what is given; a null
-- narrows nothing. Each is planned by its own filters, since it is put together here: with
-- "or it is null" in one statement PostgreSQL would not choose the index of those that are
-- set. Only values are parameters.
create or replace function app.jobs(org uuid, of_kind text, of_state text, of_queue text, of_priority text, requester uuid,
    since timestamptz, until timestamptz, before_at timestamptz, before_id uuid, n integer)
returns table (organization_id uuid, id uuid, kind text, workflow_id text, state text, steps jsonb, result jsonb, error jsonb, created_by uuid, created_at timestamptz,
    ended_at timestamptz, queue text, priority text, attempts integer, next_try_at timestamptz, started_at timestamptz, done bigint, total bigint,
    reason_class text, reason_code text, cost_micro bigint, target_type text, target_id uuid, rounds integer)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare clause text := '';
begin
    if org is not null then clause := clause || ' and o.organization_id = $1'; end if;
    if of_kind is not null then clause := clause || ' and o.kind = $2'; end if;
    if of_state is not null then clause := clause || ' and o.state = $3'; end if;
    if of_queue is not null then clause := clause || ' and o.queue = $4'; end if;
    if of_priority is not null then clause := clause || ' and o.priority = $5'; end if;
    if requester is not null then clause := clause || ' and o.created_by = $6'; end if;
    if since is not null then clause := clause || ' and o.created_at >= $7'; end if;
    if until is not null then clause := clause || ' and o.created_at < $8'; end if;
    if before_at is not null then clause := clause || ' and (o.created_at, o.id) < ($9, $10)'; end if;
    return query execute 'select o.organization_id, o.id, o.kind, o.workflow_id, o.state, o.steps, o.result, o.error, o.created_by, o.created_at,
            o.ended_at, o.queue, o.priority, o.attempts, o.next_try_at, o.started_at, o.done, o.total, o.reason_class, o.reason_code, o.cost_micro, o.target_type, o.target_id, o.rounds
        from operations o where true' || clause || ' order by o.created_at desc, o.id desc limit $11'
        using org, of_kind, of_state, of_queue, of_priority, requester, since, until, before_at, before_id, n;
end $$;

-- Counts of all organizations.
create or replace function app.job_counts()
returns table (kind text, state text, queue text, priority text, n bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select c.kind, c.state, c.queue, c.priority, sum(c.n)::bigint from operation_counts c group by 1, 2, 3, 4 having sum(c.n) <> 0 order by 1, 2, 3, 4
$$;

-- What waits in each queue, by priority and organization, and since when.
create or replace function app.job_backlog()
returns table (queue text, priority text, organization_id uuid, n bigint, oldest timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.queue, o.priority, o.organization_id, count(*), min(o.created_at) from operations o
     where o.ended_at is null and o.state in ('waiting', 'paused', 'retrying') group by 1, 2, 3 order by 1, 2, 4 desc
$$;

-- Failures since a time, by kind and code.
create or replace function app.job_failures(since timestamptz)
returns table (kind text, reason_class text, reason_code text, n bigint, organizations bigint, first_seen timestamptz, last_seen timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.kind, o.reason_class, o.reason_code, count(*), count(distinct o.organization_id), min(o.ended_at), max(o.ended_at) from operations o
     where o.state = 'failed' and o.ended_at >= since group by 1, 2, 3 order by 4 desc, 1, 3
$$;

-- Open jobs older than that, by organization and id: the sweep compares them with Temporal.
create or replace function app.jobs_open(older_than interval, after_org uuid, after_id uuid, n integer)
returns table (organization_id uuid, operation_id uuid, kind text, workflow_id text, state text, doubted_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.organization_id, o.id, o.kind, o.workflow_id, o.state, o.doubted_at from operations o
     where o.ended_at is null and o.created_at < now() - older_than and (o.organization_id, o.id) > (after_org, after_id)
     order by o.organization_id, o.id limit n
$$;

-- Marks what waits in a queue as paused, or as waiting again.
create or replace function app.jobs_mark_paused(of_queue text, paused boolean)
returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare n bigint;
begin
    update operations set state = case when paused then 'paused' else 'waiting' end
     where queue = of_queue and ended_at is null and state = case when paused then 'waiting' else 'paused' end;
    get diagnostics n = row_count;
    return n;
end $$;
