-- Organizations whose logs have more than was counted, and that were not counted for a while.
create or replace function app.activity_behind(quiet_for interval, after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id from organizations o
      left join activity_marks m on m.organization_id = o.id
      left join audit_heads h on h.organization_id = o.id
     where o.id > after and o.deletion_begun_at is null and o.tier <> 'platform' and (m.rolled_at is null or m.rolled_at < now() - quiet_for)
       and (h.seq > coalesce(m.audit_seq, 0)
            or exists (select from organization_events e where e.organization_id = o.id and (e.seq is null or e.seq > coalesce(m.event_seq, 0))))
     order by o.id limit n
$$;

-- Reports that have not ended and were quiet for a while: their workflow may not have been
-- started. One whose job has begun is being made, which may take long.
create or replace function app.reports_unfinished(quiet_for interval, after uuid, n integer)
returns table (organization_id uuid, report_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select r.organization_id, r.id from reports r join organizations o on o.id = r.organization_id
      left join operations p on p.organization_id = r.organization_id and p.id = r.id
     where r.ended_at is null and o.deletion_begun_at is null and r.id > after and r.updated_at < now() - quiet_for
       and (p.started_at is null and coalesce(p.state, '') <> 'paused' or p.ended_at is not null)
     order by r.id limit n
$$;

-- Schedules whose time has come, or is not known.
create or replace function app.report_schedules_due(after uuid, n integer)
returns table (organization_id uuid, schedule_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select s.organization_id, s.id from report_schedules s join organizations o on o.id = s.organization_id
     where s.active and (s.next_at is null or s.next_at <= now()) and o.status = 'active' and s.id > after
     order by s.id limit n
$$;
