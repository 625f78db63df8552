-- What the sweeps of versions and of changes of many files ask.

-- Organizations that limit their versions and have some that a newer one replaced, in
-- id order.
create or replace function app.organizations_with_old_versions(after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.organization_id from organization_policies p
     where p.organization_id > after and (p.version_keep is not null or p.version_days is not null)
       and exists (select from file_versions v where v.organization_id = p.organization_id and v.status = 'published' and v.superseded_at is not null)
     order by p.organization_id limit n
$$;

-- Versions of one organization beyond its limits, in id order: replaced for longer than
-- its days, or with as many newer published ones as it keeps. Files in the trash are
-- left out: they come back whole, or go whole. So is what is on hold.
create or replace function app.versions_beyond_retention(org uuid, after uuid, n integer)
returns table (organization_id uuid, file_id uuid, version_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select v.organization_id, v.file_id, v.id
      from organization_policies p
      join file_versions v on v.organization_id = p.organization_id
      join files f on f.organization_id = v.organization_id and f.id = v.file_id
     where p.organization_id = org and v.status = 'published' and v.superseded_at is not null and v.id > after and f.trashed_at is null
       and (v.superseded_at < now() - make_interval(days => p.version_days)
            or (select count(*) from file_versions w where w.organization_id = v.organization_id and w.file_id = v.file_id
                   and w.status = 'published' and w.number > v.number) >= p.version_keep)
       and not app.on_hold(f)
     order by v.id limit n
$$;

-- Changes of many files that have not ended: their workflow may be lost, or the request
-- that made them. The first seconds belong to that request. A deletion that has begun
-- ends them.
create or replace function app.bulk_changes_unfinished(after uuid, n integer)
returns table (organization_id uuid, operation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.organization_id, p.id from operations p join organizations o on o.id = p.organization_id
     where p.kind = 'change_files' and p.ended_at is null and p.id > after
       and o.deletion_begun_at is null and p.created_at < now() - interval '20 seconds'
     order by p.id limit n
$$;

-- Organizations with changes of many files of which no one asks any more, in id order.
create or replace function app.organizations_with_old_bulk_changes(older_than interval, after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id from organizations o
     where o.id > after and exists (select from bulk_changes b where b.organization_id = o.id and b.created_at < now() - older_than)
     order by o.id limit n
$$;
