-- Erasures that are not certified, and whose workflow was not started for a while. One that waits
-- for a hold is asked again when that hold is released: another may cover it still, and then it
-- waits for that. The deletion of an organization is a process of its own.
create or replace function app.erasures_due(quiet_for interval, silent interval, after uuid, n integer)
returns table (organization_id uuid, erasure_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select e.organization_id, e.id from erasures e join organizations o on o.id = e.organization_id
     where e.state <> 'certified' and e.scope <> 'organization' and e.requested_at < now() - quiet_for and o.deletion_begun_at is null
       and (e.woken_at is null or e.woken_at < now() - silent)
       and (e.state <> 'blocked' or not exists (select from holds h where h.organization_id = e.organization_id and h.id = e.hold_id and h.released_at is null))
       and e.id > after
     order by e.id limit n
$$;
