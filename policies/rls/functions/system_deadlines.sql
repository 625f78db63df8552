-- Days by which something of the law is due: the next step of a request to amend a record (34 CFR 99.20 to
-- 99.22), a duty (16 CFR 312.8, 34 CFR 99.7), who must be told of an incident, a directive, a parent's request
-- to erase (16 CFR 312.6(a)(2)). Each is told of
-- once before and once when it is over. Requests for access have days of their own
-- (system_access_requests.sql).

-- What has a day, how far it is, and how far it was told. Of the duties of a kind the newest counts.
create or replace function app.deadlines(org uuid, one uuid, most integer, after uuid)
returns table (organization_id uuid, id uuid, what text, part text, stage smallint)
language sql stable security definer set search_path = public, pg_temp as $$
    select x.organization_id, x.id, x.what, x.part, x.stage from (
        select a.organization_id, a.id, 'amendment' as what, a.state as part, app.deadline_stage(a.due_at, interval '7 days') as stage, a.told from amendments a
         where a.ended_at is null
        union all
        select d.organization_id, d.id, 'duty', d.kind, app.deadline_stage(d.due_at, interval '30 days'), d.told from compliance_duties d
         where not exists (select from compliance_duties n where n.organization_id = d.organization_id and n.kind = d.kind and (n.done_at, n.id) > (d.done_at, d.id))
        union all
        select c.organization_id, c.incident_id, 'incident', c.clock, app.deadline_stage(c.due_at, interval '24 hours'), c.told from incident_clocks c
         where c.told_at is null
        union all
        select d.organization_id, d.id, 'disposition', d.kind, app.deadline_stage(d.due_at, interval '7 days'), d.told from dispositions d
         where d.state = 'recorded'
        union all
        select r.organization_id, r.id, 'erasure_request', r.state, app.deadline_stage(r.due_at, interval '7 days'), r.told from erasure_requests r
         where r.ended_at is null) x
      join organizations o on o.id = x.organization_id and o.status = 'active' and o.deletion_begun_at is null
     where x.stage > x.told and (org is null or x.organization_id = org and x.id = one) and x.id > after
     order by x.id, x.part limit most
$$;

-- Of what somebody is to be told now, by the ids.
create or replace function app.deadlines_due(after uuid, n integer) returns table (organization_id uuid, id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select distinct d.organization_id, d.id from app.deadlines(null, null, n, after) d order by d.id
$$;

-- Tells of one, and gives of how much. While who asked for an amendment decides what comes next, the time is
-- theirs: they are told before it is over, and officers when it is. The rows are locked first, so that of two
-- runs at once one tells.
create or replace function app.deadline_tell(org uuid, id uuid) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare d record; a record; n integer := 0;
begin
    perform from amendments x where x.organization_id = org and x.id = deadline_tell.id for update;
    perform from compliance_duties x where x.organization_id = org and x.id = deadline_tell.id for update;
    perform from incident_clocks x where x.organization_id = org and x.incident_id = deadline_tell.id for update;
    perform from dispositions x where x.organization_id = org and x.id = deadline_tell.id for update;
    perform from erasure_requests x where x.organization_id = org and x.id = deadline_tell.id for update;
    for d in select t.what, t.part, t.stage from app.deadlines(org, deadline_tell.id, 100, '00000000-0000-0000-0000-000000000000') t loop
        n := n + 1;
        case d.what
        when 'amendment' then
            update amendments x set told = d.stage where x.organization_id = org and x.id = deadline_tell.id returning x.requester_id, x.student_id into a;
            if d.stage = 1 and d.part in ('denied', 'decided_uphold') then
                insert into notifications (organization_id, id, user_id, kind, data)
                select org, app.new_id(), a.requester_id, 'amendment.due', jsonb_build_object('amendment_id', deadline_tell.id, 'state', d.part, 'over', false)
                 where app.amendment_right(org, a.student_id, a.requester_id);
            else
                perform app.officers_notify(org, 'amendment.due', jsonb_build_object('amendment_id', deadline_tell.id, 'state', d.part, 'over', d.stage = 2), null);
            end if;
            continue;
        when 'erasure_request' then
            update erasure_requests x set told = d.stage where x.organization_id = org and x.id = deadline_tell.id;
            perform app.officers_notify(org, 'erasure.asked', jsonb_build_object('request_id', deadline_tell.id, 'over', d.stage = 2), null);
            continue;
        when 'duty' then
            update compliance_duties x set told = d.stage where x.organization_id = org and x.id = deadline_tell.id;
        when 'incident' then
            update incident_clocks x set told = d.stage where x.organization_id = org and x.incident_id = deadline_tell.id and x.clock = d.part;
        when 'disposition' then
            update dispositions x set told = d.stage where x.organization_id = org and x.id = deadline_tell.id;
        end case;
        perform app.officers_notify(org, 'compliance.due', jsonb_build_object('what', d.what, 'id', deadline_tell.id, 'part', d.part, 'over', d.stage = 2), null);
    end loop;
    return n;
end $$;
