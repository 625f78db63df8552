-- What all uploads of an organization queue for is held as briefly as can be.

-- The quota's row is locked at the end of a transaction and not before it: between
-- a statement and the next there is a program, which may have to wait for a
-- processor. Nothing but the end of the audit log is locked after it.
drop trigger c_quota on file_versions;
create constraint trigger c_quota after insert or delete or update of reserved_bytes, used_bytes on file_versions
    deferrable initially deferred for each row execute function app.version_quota();

-- Counts the new upload too, which is there by now.
drop trigger a_limit on uploads;
create or replace function app.upload_limit() returns trigger language plpgsql as $$
declare most integer; present integer;
begin
    if new.organization_id is distinct from app.org() then
        return null; -- the policy refuses it
    end if;
    perform from storage_quotas where organization_id = new.organization_id for update;
    select t.concurrent_uploads into most
      from organizations o join tiers t on t.name = o.tier where o.id = new.organization_id;
    select count(*) into present
      from (select from uploads where organization_id = new.organization_id and finished_at is null limit most + 1) open;
    if present > coalesce(most, 0) then
        raise exception 'already % uploads', present - 1 using errcode = 'SQ002';
    end if;
    return null;
end $$;
create constraint trigger a_limit after insert on uploads
    deferrable initially deferred for each row execute function app.upload_limit();

-- Lets in the versions that have waited longest, until as many are in the
-- pipeline as the tier allows, or the ceiling. One after another: the second
-- statement sees what anyone who had the lock before has committed. One that has
-- been in there for an hour does not count any more.
create function app.admit(ceiling bigint) returns table (version uuid, file uuid) language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('line/' || app.org()::text, 0));
    return query
        update file_versions v set started_at = now(), updated_at = now()
         where v.id in (select w.id from file_versions w where w.status = 'processing' and w.started_at is null
                         order by w.received_at, w.id
                         limit coalesce((select greatest(least(t.concurrent_scans, ceiling) -
                                           (select count(*) from file_versions r where r.status = 'processing' and r.started_at > now() - interval '1 hour'), 0)
                                           from tiers t), 0))
        returning v.id, v.file_id;
end $$;
