-- The life of an organization. What provisioning still has to do stands in
-- organization_setups until it is done; organization_policies is what the
-- organization decided for itself and the platform enforces.
alter table organizations
    add column status_reason     text not null default '' check (length(status_reason) <= 500), -- why it is suspended
    add column deletes_at        timestamptz, -- when the grace period of a deletion ends
    add column deletion_id       uuid,        -- the platform's operation that deletes it
    add column deletion_begun_at timestamptz, -- from here on there is no way back
    add column status_before     text,        -- what keep goes back to
    add constraint deleting_has_operation check ((status = 'deleting') = (deletion_id is not null and deletes_at is not null));
create index organizations_unfinished on organizations (status, updated_at) where status in ('provisioning', 'deleting');

create table organization_setups (
    organization_id uuid primary key references organizations (id),
    max_bytes       bigint check (max_bytes >= 0),
    max_file_size   bigint check (max_file_size > 0),
    owner_id        uuid references users (id),
    owner_email     text not null default '' check (length(owner_email) <= 254),
    invitation_id   uuid,
    created_at      timestamptz not null default now()
);

create table organization_policies (
    organization_id uuid primary key references organizations (id),
    trash_days      integer check (trash_days between 1 and 3650), -- null: as long as the platform keeps trash
    allowed_types   text[] not null default '{}',                  -- media types; none: what the platform takes
    updated_at      timestamptz not null default now()
);
insert into organization_policies (organization_id) select id from organizations;

-- As before, and a refusal tells what the limit is and by which tier.
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

-- Anyone who waits for an operation is woken as those are who wait for a file.
create function app.operation_notify() returns trigger language plpgsql as $$
begin
    perform pg_notify('file_events', new.organization_id || '/' || new.id);
    return null;
end $$;
create trigger notify after update of state, steps on operations for each row execute function app.operation_notify();
