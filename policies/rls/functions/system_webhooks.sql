-- What the sweeps of webhooks ask across organizations.

-- Active webhooks with events that no one has looked at or deliveries that are due, and
-- disabled ones whose mail waits. Both are late: what works is told at once.
create or replace function app.webhooks_waiting(moment timestamptz, after uuid, n integer)
returns table (organization_id uuid, webhook_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select w.organization_id, w.id from webhooks w
     where w.id > after
       and (w.mail = 'queued'
            or w.state = 'active' and (w.open_at is null or w.open_at <= moment)
               and (exists (select from organization_events e where e.organization_id = w.organization_id and e.seq is null)
                    or exists (select from organization_events e where e.organization_id = w.organization_id and e.seq > w.position)
                    or exists (select from webhook_deliveries d where d.organization_id = w.organization_id and d.webhook_id = w.id
                                  and d.state = 'pending' and d.next_at <= moment)))
     order by w.id limit n
$$;

-- Organizations with events or deliveries that are due to go.
create or replace function app.events_old(events_before timestamptz, deliveries_before timestamptz, after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id from organizations o
     where o.id > after
       and (exists (select from webhook_deliveries d where d.organization_id = o.id and d.created_at < deliveries_before and d.state <> 'pending')
            or exists (select from (select e.at from organization_events e where e.organization_id = o.id order by e.n limit 1) oldest where oldest.at < events_before))
     order by o.id limit n
$$;
