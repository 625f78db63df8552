-- What each organization uses, per UTC day. What rows already say is taken from
-- them by the roll-up; what no row says (bytes out, downloads, who was active) is
-- gathered in memory by the API and added here every few seconds.
create table usage_counters (
    organization_id uuid not null references organizations (id),
    day             date not null,
    metric          text not null check (metric in ('bytes_out', 'downloads')),
    amount          bigint not null check (amount >= 0),
    primary key (organization_id, day, metric)
);

-- Who was active on a day, until the day is final: then only the number stays.
create table usage_active (
    organization_id uuid not null references organizations (id),
    day             date not null,
    user_id         uuid not null,
    primary key (organization_id, day, user_id)
);

-- The batches that were added already. A batch whose commit was unclear is sent
-- again under its id and then changes nothing.
create table usage_flushes (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    created_at      timestamptz not null default now(),
    primary key (organization_id, id)
);

create table usage_days (
    organization_id uuid not null references organizations (id),
    day             date not null,
    uploads         bigint not null default 0 check (uploads >= 0),
    bytes_in        bigint not null default 0 check (bytes_in >= 0),
    bytes_out       bigint not null default 0 check (bytes_out >= 0),
    downloads       bigint not null default 0 check (downloads >= 0),
    scans           bigint not null default 0 check (scans >= 0),
    renditions      bigint not null default 0 check (renditions >= 0),
    jobs            bigint not null default 0 check (jobs >= 0),
    active_users    bigint not null default 0 check (active_users >= 0),
    stored_bytes    bigint not null default 0 check (stored_bytes >= 0),
    rolled_at       timestamptz not null,
    primary key (organization_id, day)
);

-- The roll-up asks what was received in a few days.
create index file_versions_by_receipt on file_versions (organization_id, received_at);
