-- How many versions are locked away or held back, by finding, of the next organizations that
-- have any: for operators, who see no file and no person in it.
create or replace function app.quarantine(after uuid, n integer)
returns table (organization_id uuid, status text, finding text, versions bigint, first_at timestamptz, last_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    with page as (
        select distinct v.organization_id from file_versions v
         where v.status in ('quarantined', 'held') and v.organization_id > after order by v.organization_id limit n)
    select v.organization_id, v.status::text, coalesce(nullif(v.scan_signature, ''), v.status_reason), count(*), min(v.updated_at), max(v.updated_at)
      from page join file_versions v on v.organization_id = page.organization_id
     where v.status in ('quarantined', 'held') group by 1, 2, 3 order by 1, 4 desc, 2, 3
$$;
