create or replace function app.version_quota() returns trigger language plpgsql as $$
declare
    reserved bigint := coalesce(new.reserved_bytes, 0) - coalesce(old.reserved_bytes, 0);
    used     bigint := coalesce(new.used_bytes, 0) - coalesce(old.used_bytes, 0);
    org      uuid   := coalesce(new.organization_id, old.organization_id);
begin
    if reserved = 0 and used = 0 then return null; end if;
    -- Only growth is refused: an organization above a lowered limit can still
    -- settle, shrink and delete.
    update storage_quotas set reserved_bytes = reserved_bytes + reserved, used_bytes = used_bytes + used, updated_at = now()
     where organization_id = org
       and (reserved + used <= 0 or used_bytes + reserved_bytes + used + reserved <= max_bytes);
    if not found then
        raise exception 'no room for % bytes', reserved + used using errcode = 'SQ001',
            detail = (select format('%s bytes%s', q.max_bytes, case when q.max_bytes_set then '' else ', as of the tier ' || o.tier end)
                        from storage_quotas q join organizations o on o.id = q.organization_id where q.organization_id = org);
    end if;
    return null;
end $$;
alter table storage_quotas drop column opened_on, drop column opening_bytes;
drop view usage_crossings;
drop view usage_levels;
drop index usage_days_by_day, members_people;
drop table usage_warnings, organization_events;
