-- Uploads of the organization; system finds those past their time.
alter table uploads enable row level security;
alter table uploads force row level security;
drop policy if exists tenant on uploads;
create policy tenant on uploads for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on uploads to satchel_app;
drop policy if exists system on uploads;
create policy system on uploads for select to satchel_system using (true);
grant select on uploads to satchel_system;

-- How many uploads an organization may have open at once, by its tier. Runs at
-- the end of the transaction, counts the new upload too, and locks the quota's
-- row first, as the version's reservation has done by then: creations count one
-- after another, and no count misses what another is about to commit.
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
drop trigger if exists a_limit on uploads;
create constraint trigger a_limit after insert on uploads
    deferrable initially deferred for each row execute function app.upload_limit();
-- Who reaches the version reaches these.
drop policy if exists people on uploads;
create policy people on uploads for all to satchel_people
    using (organization_id = (select app.people_org()) and app.may_read_version(version_id))
    with check (organization_id = (select app.people_org()) and app.may_read_version(version_id));
