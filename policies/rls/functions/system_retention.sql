-- What the sweep of retention pages through.

-- Organizations with policies by which files can be due, in id order.
create or replace function app.organizations_with_retention(after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id from organizations o
     where o.id > after and o.deletion_begun_at is null
       and exists (select from retention_policies r where r.organization_id = o.id and r.days is not null and r.begins <> 'trashed')
     order by o.id limit n
$$;

-- The files of one organization that are due, in id order.
create or replace function app.files_beyond_retention(org uuid, after uuid, n integer)
returns table (organization_id uuid, file_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select f.organization_id, f.id from files f cross join lateral app.retention_due(f) d
     where f.organization_id = org and f.id > after and f.trashed_at is null
     order by f.id limit n
$$;
