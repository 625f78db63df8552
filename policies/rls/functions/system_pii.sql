-- A version that is published is inspected, if it was not before.
create or replace function app.pii_follow() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into pii_inspections (organization_id, version_id, file_id) values (new.organization_id, new.id, new.file_id)
    on conflict do nothing;
    return null;
end $$;
create or replace trigger d_pii after update of status on file_versions for each row
    when (new.status = 'published' and old.status <> 'published') execute function app.pii_follow();
create or replace trigger d_pii_add after insert on file_versions for each row
    when (new.status = 'published') execute function app.pii_follow();

-- Published versions that were not inspected, or by older detectors, and were not asked for
-- within again_after, in the order of their ids.
create or replace function app.pii_due(version text, again_after interval, after uuid, n integer)
returns table (organization_id uuid, file_id uuid, version_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    (select p.organization_id, p.file_id, p.version_id from pii_inspections p
       join file_versions v on v.organization_id = p.organization_id and v.id = p.version_id and v.status = 'published'
      where p.state = 'pending' and p.version_id > after and (p.asked_at is null or p.asked_at < now() - again_after)
      order by p.version_id limit n)
    union all
    (select p.organization_id, p.file_id, p.version_id from pii_inspections p
       join file_versions v on v.organization_id = p.organization_id and v.id = p.version_id and v.status = 'published'
      where p.state <> 'pending' and p.detector < pii_due.version and p.version_id > after and (p.asked_at is null or p.asked_at < now() - again_after)
      order by p.version_id limit n)
    order by version_id limit n
$$;

-- Notes that the inspections of these versions were asked for.
create or replace function app.pii_asked(organizations uuid[], versions uuid[]) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
    update pii_inspections p set asked_at = now() from unnest(organizations, versions) asked (organization, version)
     where p.organization_id = asked.organization and p.version_id = asked.version
$$;

-- Versions that were released and whose publication did not begin, in id order.
create or replace function app.pii_released(silent_for interval, after uuid, n integer)
returns table (organization_id uuid, file_id uuid, version_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.organization_id, p.file_id, p.version_id from pii_inspections p
      join file_versions v on v.organization_id = p.organization_id and v.id = p.version_id
     where p.held = 'released' and v.status = 'processing' and v.updated_at < now() - silent_for and p.version_id > after
     order by p.version_id limit n
$$;

-- Versions that have waited for a decision for longer than that, in id order.
create or replace function app.pii_held_long(longer interval, after uuid, n integer)
returns table (organization_id uuid, file_id uuid, version_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.organization_id, p.file_id, p.version_id from pii_inspections p
     where p.held = 'waiting' and p.held_at < now() - longer and p.version_id > after
     order by p.version_id limit n
$$;
