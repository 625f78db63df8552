-- How many uploads an organization may have open at once, by its tier. The
-- quota's row is locked first, as the version's reservation has done by now:
-- creates count one after another, and none counts what another is about to
-- make. The index holds the open ones only, so the count stays as small as the
-- limit, however many uploads there ever were.
create index uploads_open on uploads (organization_id) where finished_at is null;

create function app.upload_limit() returns trigger language plpgsql as $$
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
