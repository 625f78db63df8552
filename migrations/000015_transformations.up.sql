-- Pictures of a version that were made because somebody asked for them, one row a
-- picture and one that is being made. The row, and no lock in memory, says who makes it.
create table transformations (
    organization_id uuid not null references organizations (id),
    version_id      uuid not null,
    key             text not null check (key ~ '^[a-z0-9.-]{1,80}$'), -- which picture; of policies/transforms
    state           text not null check (state in ('making', 'ready', 'failed')),
    lease_until     timestamptz not null default '-infinity', -- of the process that makes it
    reason          text not null default '',                 -- of a failed one: a code
    failed_until    timestamptz not null default '-infinity', -- when it may be tried again
    mime_type       text not null default '',
    width           integer not null default 0,
    height          integer not null default 0,
    size            bigint not null default 0,
    etag            text not null default '',                 -- the store's
    used_at         timestamptz not null default now(),       -- to the day
    created_at      timestamptz not null default now(),
    primary key (organization_id, version_id, key),
    foreign key (organization_id, version_id) references file_versions (organization_id, id) on delete cascade,
    check (state <> 'ready' or size > 0 and width > 0 and height > 0 and etag <> '' and mime_type <> '')
);
-- Which were not used for the longest time.
create index transformations_by_use on transformations (organization_id, used_at);
create index transformations_unused on transformations (version_id, used_at);

-- The sides in pixels that pictures of the organization are made in. Null: the platform's.
alter table organization_policies
    add column picture_sizes integer[] check (cardinality(picture_sizes) between 1 and 24 and 16 <= all (picture_sizes) and 2560 >= all (picture_sizes));

-- The CRC-32 (IEEE) of a version's bytes, for zips of them. Null: not known yet.
alter table file_versions add column crc32 bigint check (crc32 between 0 and 4294967295);

-- A zip of files that somebody asked for: what is in it, in its order, so that a download
-- that broke goes on where it stopped. Visitors of a share who ask for the same get one
-- zip: those who hold a link are any number.
create table zips (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    name            text not null,
    actor_id        uuid references users (id), -- for whom it was made; null: for visitors of a share
    share_id        uuid,
    digest          bytea check (length(digest) = 32), -- of what is in a share's
    created_at      timestamptz not null default now(),
    expires_at      timestamptz not null,
    primary key (organization_id, id),
    foreign key (organization_id, share_id) references shares (organization_id, id) on delete cascade,
    constraint one_for_whom check (num_nonnulls(actor_id, share_id) = 1),
    constraint share_has_digest check ((share_id is null) = (digest is null))
);
create index zips_expired on zips (organization_id, expires_at);
create unique index zips_of_shares on zips (organization_id, share_id, digest) where share_id is not null;

-- To which download an access belongs. Of a zip each file that leaves is an access, once a
-- download.
alter table share_accesses add column download_id uuid;
create unique index share_accesses_of_zips on share_accesses (organization_id, share_id, download_id, file_id) where what = 'zip' and outcome = 'ok';

-- A file may be gone before its entry, so that entries do not refer to files.
create table zip_entries (
    organization_id uuid not null,
    zip_id          uuid not null,
    number          integer not null check (number between 0 and 9999),
    file_id         uuid not null,
    version_id      uuid not null,
    name            text not null,
    size            bigint not null,
    modified_at     timestamptz not null,
    object_etag     text not null,
    refused         text not null default '', -- a code: why the zip was cut here
    primary key (organization_id, zip_id, number),
    foreign key (organization_id, zip_id) references zips (organization_id, id) on delete cascade
);
