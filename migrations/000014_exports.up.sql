-- Copies of everything that an organization has. A copy is made by the operation
-- of the same id and lies in parts, each an object of the bucket of exports.
create table exports (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    state           text not null default 'running' check (state in ('running', 'ready', 'failed', 'removed')),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    expires_at      timestamptz, -- when a ready one is removed
    primary key (organization_id, id),
    constraint ready_ends check (state <> 'ready' or expires_at is not null)
);
create unique index exports_running on exports (organization_id) where state = 'running'; -- one at a time
create index exports_unfinished on exports (updated_at) where state = 'running';
create index exports_due on exports (expires_at) where state = 'ready';

create table export_parts (
    organization_id uuid not null,
    export_id       uuid not null,
    number          integer not null check (number > 0),
    object_key      text not null,
    object_etag     text not null,
    size            bigint not null check (size > 0),
    sha256          text not null check (sha256 ~ '^[0-9a-f]{64}$'), -- of the whole archive
    entries         integer not null check (entries > 0),
    files           bigint not null check (files >= 0),
    missing         bigint not null check (missing >= 0), -- published, and not in the store
    last_version    uuid not null,                        -- where the next part goes on
    is_last         boolean not null,
    created_at      timestamptz not null default now(),
    primary key (organization_id, export_id, number),
    foreign key (organization_id, export_id) references exports (organization_id, id) on delete cascade
);
