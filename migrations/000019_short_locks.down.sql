drop function app.admit(bigint);
drop trigger c_quota on file_versions;
create trigger c_quota after insert or delete or update of reserved_bytes, used_bytes on file_versions
    for each row execute function app.version_quota();
drop trigger a_limit on uploads;
create or replace function app.upload_limit() returns trigger language plpgsql as $$
declare most integer; present integer;
begin
    if new.organization_id is distinct from app.org() then
        return new; -- the policy refuses it
    end if;
    perform from storage_quotas where organization_id = new.organization_id for update;
    select t.concurrent_uploads into most
      from organizations o join tiers t on t.name = o.tier where o.id = new.organization_id;
    select count(*) into present
      from (select from uploads where organization_id = new.organization_id and finished_at is null limit most) open;
    if present >= coalesce(most, 0) then
        raise exception 'already % uploads', present using errcode = 'SQ002';
    end if;
    return new;
end $$;
create trigger a_limit before insert on uploads for each row execute function app.upload_limit();
