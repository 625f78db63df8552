-- Organizations whose check is due, and where it goes on: first those that were worked
-- on longest ago. began is when a round over them began, and now for its first page:
-- an organization that was worked on in the round is left out. A page begins behind the
-- last row of the page before.
create or replace function app.reconcile_due(began timestamptz, after_at timestamptz, after_id uuid, n integer)
returns table (organization_id uuid, stage text, after_version uuid, worked_at timestamptz, round timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select d.id, d.stage, d.after_version, d.worked_at, coalesce(began, now()) from (
        select o.id, coalesce(p.stage, '') as stage, coalesce(p.after_id, '00000000-0000-0000-0000-000000000000') as after_version,
               coalesce(p.updated_at, 'epoch') as worked_at, coalesce(p.due_at, 'epoch') as due_at
          from organizations o left join reconcile_passes p on p.organization_id = o.id) d
     where d.due_at <= now() and d.worked_at < coalesce(began, now()) and (d.worked_at, d.id) > (after_at, after_id)
     order by d.worked_at, d.id limit n
$$;
