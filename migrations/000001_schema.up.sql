-- The tables of the first schema. Access rules, functions, triggers and views
-- are in policies/rls, which every `migrate up` applies again.
--
-- Every key leads with organization_id and every reference between tables of
-- organizations is composite, so that no row can point at, or block the
-- deletion of, another organization's.
create schema app;

-- Names sort as people sort them, in every language: accents after letters, case
-- last, and numbers by their value. A new version of ICU may sort otherwise:
-- PostgreSQL then warns, and the index of names has to be rebuilt.
create collation app.natural (provider = icu, locale = 'und-u-kn-true');

-- What each subscription tier allows. An operator's PUT changes it for every
-- organization of the tier at once.
create table tiers (
    name                text primary key check (name ~ '^[a-z][a-z0-9_]{0,49}$'),
    max_members         integer not null check (max_members > 0),
    max_bytes           bigint not null check (max_bytes >= 0),
    max_file_size       bigint not null check (max_file_size > 0),
    requests_per_minute integer not null check (requests_per_minute > 0),
    concurrent_uploads  integer not null check (concurrent_uploads > 0),
    concurrent_scans    integer not null check (concurrent_scans > 0),
    renditions          boolean not null,
    features            text[] not null default '{}',
    updated_at          timestamptz not null default now()
);

create table organizations (
    id                    uuid primary key,
    slug                  text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name                  text not null check (length(name) between 1 and 200),
    tier                  text not null default 'free' references tiers (name),
    status                text not null default 'active' check (status in ('provisioning', 'active', 'suspended', 'deleting')),
    created_at            timestamptz not null default now(),
    updated_at            timestamptz not null default now(),
    allowed_origins       text[] not null default '{}',  -- of web pages that may call the API for it
    reads_while_suspended boolean not null default true,
    contact_email         text not null default '' check (length(contact_email) <= 254),
    status_reason         text not null default '' check (length(status_reason) <= 500), -- why it is suspended
    deletes_at            timestamptz, -- end of the grace period of a deletion
    deletion_id           uuid,        -- the platform's operation that deletes it
    deletion_begun_at     timestamptz, -- from here on the deletion cannot be cancelled
    status_before         text,        -- the status that a cancelled deletion restores
    constraint deleting_has_operation check ((status = 'deleting') = (deletion_id is not null and deletes_at is not null))
);
create index organizations_unfinished on organizations (status, updated_at) where status in ('provisioning', 'deleting');
-- Authentication asks whether any organization knows the origin of a page.
create index organizations_by_origin on organizations using gin (allowed_origins);

-- A person is who an issuer says they are. No name or address is kept here.
create table users (
    id         uuid primary key,
    issuer     text not null,
    subject    text not null,
    created_at timestamptz not null default now(),
    unique (issuer, subject)
);

-- What provisioning still has to do for an organization.
create table organization_setups (
    organization_id uuid primary key references organizations (id),
    max_bytes       bigint check (max_bytes >= 0),
    max_file_size   bigint check (max_file_size > 0),
    owner_id        uuid references users (id),
    owner_email     text not null default '' check (length(owner_email) <= 254),
    invitation_id   uuid,
    created_at      timestamptz not null default now()
);

-- What the organization decided for itself and the platform enforces.
create table organization_policies (
    organization_id  uuid primary key references organizations (id),
    trash_days       integer check (trash_days between 1 and 3650), -- null: as long as the platform keeps trash
    allowed_types    text[] not null default '{}',                  -- media types; none: what the platform takes
    type_switches    text[] not null default '{}',                  -- of policies/types
    extra_extensions text[] not null default '{}' check (cardinality(extra_extensions) <= 50),
    empty_files      boolean not null default true,                 -- files of no bytes are taken
    updated_at       timestamptz not null default now()
);

-- A service account is a member without a person: API keys act as it. It takes
-- no seat, and never owns an organization or runs the platform.
create table members (
    organization_id uuid not null references organizations (id),
    user_id         uuid not null references users (id),
    role            text not null check (role in ('owner', 'admin', 'teacher', 'student', 'parent', 'operator')),
    created_at      timestamptz not null default now(),
    service         boolean not null default false,
    primary key (organization_id, user_id),
    constraint service_is_bounded check (not service or role in ('admin', 'teacher', 'student'))
);
create index members_by_user on members (user_id);
create index members_by_role on members (organization_id, role, user_id);
-- Persons are counted for seats, for every organization, every two minutes.
create index members_seats on members (organization_id) where not service;

-- An invitation keeps the address for as long as it is open. When it has ended
-- it keeps the token's hash, so that the holder of the mail can be told how it
-- ended: a hash of 256 random bits says nothing about a person. The token itself
-- is only in the mail.
create table invitations (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    email           text check (length(email) between 3 and 254),
    role            text not null check (role in ('owner', 'admin', 'teacher', 'student', 'parent')),
    state           text not null default 'pending' check (state in ('pending', 'accepted', 'declined', 'revoked', 'expired')),
    delivery        text not null default 'queued' check (delivery in ('queued', 'sent', 'failed')),
    delivery_code   text not null default '',
    attempts        integer not null default 0 check (attempts >= 0),
    token_hash      bytea check (length(token_hash) = 32),
    invited_by      uuid references users (id), -- null: the platform, when it made the organization
    accepted_by     uuid references users (id),
    started_at      timestamptz,                -- its workflow is known to have begun
    sent_at         timestamptz,
    expires_at      timestamptz not null,
    ended_at        timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    constraint ended_keeps_no_address
        check (case state when 'pending' then email is not null and ended_at is null else email is null and ended_at is not null end)
);
create unique index invitations_open on invitations (organization_id, lower(email)) where state = 'pending';
create index invitations_by_token on invitations (token_hash) where token_hash is not null;
create index invitations_pending on invitations (updated_at) where state = 'pending';

-- Whose files a parent may read. The link goes with either membership.
create table guardianships (
    organization_id uuid not null references organizations (id),
    parent_id       uuid not null,
    student_id      uuid not null,
    created_by      uuid not null references users (id),
    created_at      timestamptz not null default now(),
    primary key (organization_id, parent_id, student_id),
    foreign key (organization_id, parent_id) references members (organization_id, user_id) on delete cascade,
    foreign key (organization_id, student_id) references members (organization_id, user_id) on delete cascade,
    check (parent_id <> student_id)
);
create index guardianships_by_student on guardianships (organization_id, student_id);

-- API keys. Only the SHA-256 of a key is kept, and its last characters so that
-- people recognize it. The key itself is 256 random bits, so a plain hash cannot
-- be searched for it. Rows stay when a key has ended: the audit log names them.
create table api_keys (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    user_id         uuid not null references users (id), -- the service account
    name            text not null check (length(name) between 1 and 100),
    role            text not null check (role in ('admin', 'teacher', 'student')),
    scopes          text[] not null check (cardinality(scopes) > 0),
    hash            bytea not null check (length(hash) = 32),
    last4           text not null check (length(last4) = 4),
    created_by      uuid not null references users (id),
    created_at      timestamptz not null default now(),
    expires_at      timestamptz not null check (expires_at <= created_at + interval '366 days'),
    last_used_at    timestamptz,
    revoked_at      timestamptz,
    replaced_by     uuid,
    primary key (organization_id, id),
    unique (organization_id, hash),
    foreign key (organization_id, replaced_by) references api_keys (organization_id, id)
);
-- Authentication asks by the hash alone, before it knows the organization.
create index api_keys_by_hash on api_keys (hash);

-- Requests with an Idempotency-Key. Of the answer only its status is kept:
-- bodies hold names, addresses and API keys. A repeated request is answered from
-- the resource itself, which the row names.
create table idempotency_keys (
    organization_id uuid not null references organizations (id), -- of the caller; the platform for people without one
    principal       bytea not null check (length(principal) = 32), -- SHA-256 of who is calling
    key_hash        bytea not null check (length(key_hash) = 32),
    fingerprint     bytea not null check (length(fingerprint) = 32), -- of the request
    new_id          uuid not null, -- of the thing that it makes
    holder          uuid not null, -- the try that is on its way, or was the last
    busy_until      timestamptz not null,
    status          smallint check (status between 200 and 299), -- of the answer; null until there is one
    created_at      timestamptz not null default now(),
    expires_at      timestamptz not null,
    primary key (organization_id, principal, key_hash)
);
create index idempotency_keys_by_expiry on idempotency_keys (expires_at);

-- The quota of an organization. opening_bytes is what was stored when the day
-- opened_on began, the last day on which the figure changed: so a day that is
-- over has an exact end, however late it is asked for.
create table storage_quotas (
    organization_id   uuid primary key references organizations (id),
    max_bytes         bigint not null check (max_bytes >= 0),
    max_file_size     bigint not null check (max_file_size > 0),
    used_bytes        bigint not null default 0 check (used_bytes >= 0),
    reserved_bytes    bigint not null default 0 check (reserved_bytes >= 0),
    updated_at        timestamptz not null default now(),
    -- The limits follow the tier unless an operator set them.
    max_bytes_set     boolean not null default true,
    max_file_size_set boolean not null default true,
    opened_on         date not null default (now() at time zone 'UTC')::date,
    opening_bytes     bigint not null default 0
);

create type file_status as enum
    ('uploading', 'processing', 'published', 'quarantined', 'held', 'rejected', 'failed', 'expired', 'deleted');

create table files (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    name            text collate app.natural not null check (length(name) between 1 and 255),
    -- What a search compares: without case, in every script.
    name_folded     text not null generated always as (replace(replace(lower(name collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss')) stored,
    description     text not null default '' check (length(description) <= 2000),
    category        text not null default '' check (length(category) <= 100),
    uploaded_by     uuid not null references users (id),
    -- The three below follow the versions, by trigger.
    status          file_status not null default 'uploading',
    head_id         uuid,            -- the newest version, whatever became of it
    current_id      uuid,            -- the newest published version: what a download gives
    event_seq       bigint not null default 0,
    trashed_at      timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id)
);
-- Lists are read by keyset, newest first, with and without a filter.
create index files_by_status on files (organization_id, status, id desc);
create index files_by_owner on files (organization_id, uploaded_by, id desc);
create index files_by_name on files (organization_id, name, id);
create index files_trashed on files (organization_id, trashed_at) where trashed_at is not null;

create table file_versions (
    organization_id    uuid not null,
    id                 uuid not null,
    file_id            uuid not null,
    number             integer not null check (number > 0),
    status             file_status not null default 'uploading',
    status_reason      text not null default '',
    change_description text not null default '' check (length(change_description) <= 2000),
    size               bigint not null check (size >= 0),
    claimed_type       text not null default '',
    claimed_sha256     text not null default '' check (claimed_sha256 ~ '^([0-9a-f]{64})?$'),
    mime_type          text not null default '',
    corrected_from     text not null default '', -- what the name or the claim said, where the content is something else
    found_kind         text not null default '', -- of a refused file: what the content is,
    expected_kind      text not null default '', -- and what the name says
    active_content     text[] not null default '{}',
    sha256             text not null default '' check (sha256 ~ '^([0-9a-f]{64})?$'),
    staging_etag       text not null default '',
    object_etag        text not null default '',
    scan_verdict       text not null default '' check (scan_verdict in ('', 'clean', 'infected', 'unscannable')),
    scan_signature     text not null default '',
    scan_engine        text not null default '',
    scan_database      text not null default '',
    scan_sha256        text not null default '',
    scanned_at         timestamptz,
    contains_pii       boolean,
    preview            text not null default '' check (preview in ('', 'ready', 'unavailable', 'none')),
    width              integer,
    height             integer,
    reserved_bytes     bigint not null default 0 check (reserved_bytes >= 0),
    used_bytes         bigint not null default 0 check (used_bytes >= 0),
    uploaded_by        uuid not null references users (id),
    received_at        timestamptz,
    started_at         timestamptz,
    published_at       timestamptz,
    cleaned_at         timestamptz, -- objects of a version that will never be published are gone
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, file_id, number),
    foreign key (organization_id, file_id) references files (organization_id, id),
    constraint published_is_clean check (status <> 'published' or
        (scan_verdict = 'clean' and scan_sha256 = sha256 and sha256 <> '' and scanned_at <= published_at and object_etag <> ''))
);
create index file_versions_open on file_versions (status, updated_at) where status in ('uploading', 'processing');
-- The admission queue in front of the pipeline, and how many versions of an
-- organization are in the pipeline.
create index file_versions_admission on file_versions (organization_id, received_at, id) where status = 'processing' and started_at is null;
create index file_versions_started on file_versions (organization_id) where status = 'processing' and started_at is not null;
-- The roll-up of usage asks what was received in a few days.
create index file_versions_by_receipt on file_versions (organization_id, received_at);
-- The sweep looks every 30 seconds for versions that are not cleaned: ended ones, and
-- published ones whose objects in staging were left behind.
create index file_versions_uncleaned on file_versions (id)
    where cleaned_at is null and status not in ('uploading', 'processing', 'held');

create table renditions (
    organization_id uuid not null,
    version_id      uuid not null,
    name            text not null,
    mime_type       text not null,
    width           integer not null,
    height          integer not null,
    size            bigint not null,
    etag            text not null,
    primary key (organization_id, version_id, name),
    foreign key (organization_id, version_id) references file_versions (organization_id, id) on delete cascade
);

create table version_steps (
    organization_id uuid not null,
    version_id      uuid not null,
    name            text not null,
    state           text not null check (state in ('running', 'done', 'failed', 'skipped')),
    attempt         integer not null default 1,
    started_at      timestamptz not null default now(),
    ended_at        timestamptz,
    primary key (organization_id, version_id, name),
    foreign key (organization_id, version_id) references file_versions (organization_id, id) on delete cascade
);

-- What happened to a file, in the order in which it was committed: the file's
-- row is locked while its next number is taken. Server-sent events and
-- webhooks read it.
create table file_events (
    organization_id uuid not null,
    file_id         uuid not null,
    seq             bigint not null,
    type            text not null,
    data            jsonb not null,
    created_at      timestamptz not null default now(),
    primary key (organization_id, file_id, seq),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade
);

-- An upload in progress. Its bytes lie in the staging bucket: whole parts of an
-- S3 multipart upload, and a tail shorter than a part. sha_state is the running
-- hash over the first offset_bytes bytes, so that it survives a restart.
create table uploads (
    organization_id uuid not null,
    id              uuid not null,
    version_id      uuid not null,
    size            bigint not null check (size >= 0),
    offset_bytes    bigint not null default 0 check (offset_bytes between 0 and size),
    s3_upload_id    text not null default '',
    tail_bytes      bigint not null default 0 check (tail_bytes >= 0),
    sha_state       bytea,
    metadata        jsonb not null default '{}',
    lease_holder    text not null default '',
    lease_until     timestamptz not null default '-infinity',
    lease_wanted    boolean not null default false,
    expires_at      timestamptz not null,
    finished_at     timestamptz,
    created_at      timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, version_id),
    foreign key (organization_id, version_id) references file_versions (organization_id, id) on delete cascade
);
create index uploads_by_expiry on uploads (expires_at) where finished_at is null;
-- The limit of open uploads counts these, however many uploads there ever were.
create index uploads_open on uploads (organization_id) where finished_at is null;

create table upload_parts (
    organization_id uuid not null,
    upload_id       uuid not null,
    number          integer not null check (number between 1 and 10000),
    size            bigint not null check (size > 0),
    etag            text not null,
    primary key (organization_id, upload_id, number),
    foreign key (organization_id, upload_id) references uploads (organization_id, id) on delete cascade
);

-- Long-running work that a caller asked for: one row an operation, written by
-- its workflow. Rows outlive Temporal's history.
create table operations (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    kind            text not null,
    workflow_id     text not null,
    state           text not null default 'running' check (state in ('running', 'succeeded', 'failed', 'cancelled')),
    steps           jsonb not null default '[]',
    result          jsonb,
    error           jsonb,
    created_by      uuid references users (id),
    created_at      timestamptz not null default now(),
    ended_at        timestamptz,
    primary key (organization_id, id)
);
-- One verification of an audit log at a time for each organization. The sweep finds
-- those that run by the same index.
create unique index operations_verification on operations (organization_id) where kind = 'verify_audit_log' and state = 'running';

-- The audit log: who did what to which thing, from where, and how it ended. event
-- is one canonical JSON object (RFC 8785); the other columns repeat parts of it
-- for filters and are set by the database. hash covers prev, seq and event, so
-- that changing or removing a row breaks the chain at that row.
create table audit_heads (
    organization_id uuid primary key references organizations (id),
    seq             bigint not null default 0,
    hash            bytea not null default decode(repeat('00', 32), 'hex') check (length(hash) = 32)
);

create table audit_events (
    organization_id uuid not null references organizations (id),
    seq             bigint not null,
    event           text not null check (length(event) <= 4000),
    hash            bytea not null check (length(hash) = 32),
    at              timestamptz not null,
    action          text not null,
    actor           text not null,
    object          text not null,
    object_id       text not null,
    result          text not null,
    primary key (organization_id, seq)
);
create index audit_events_by_action on audit_events (organization_id, action, seq desc);
create index audit_events_by_actor on audit_events (organization_id, actor, seq desc);
create index audit_events_by_object on audit_events (organization_id, object_id, seq desc);
create index audit_events_by_time on audit_events (organization_id, at desc, seq desc);

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
-- Sums of a day over a tier's organizations.
create index usage_days_by_day on usage_days (day);

-- What happened to an organization, in the order of the commits: the next number
-- is taken under a lock that lasts until the commit, so a reader that goes on
-- from the last number it has seen misses nothing. Webhooks deliver from it.
create table organization_events (
    organization_id uuid not null references organizations (id),
    seq             bigint not null check (seq > 0),
    id              uuid not null,
    type            text not null check (type ~ '^[a-z_]+(\.[a-z_]+)+$'),
    data            jsonb not null,
    at              timestamptz not null default clock_timestamp(),
    primary key (organization_id, seq),
    unique (organization_id, id)
);

-- Warnings in force. A row is deleted when use has fallen well below its
-- threshold; only then may the same warning be raised again.
create table usage_warnings (
    organization_id uuid not null references organizations (id),
    metric          text not null check (metric in ('bytes', 'members')),
    threshold       smallint not null check (threshold in (80, 95)),
    event_id        uuid,        -- null: passed together with a higher one, which warned for both
    mail            text not null default 'none' check (mail in ('none', 'queued', 'sent', 'failed')),
    mail_code       text not null default '',
    raised_at       timestamptz not null default now(),
    started_at      timestamptz, -- when its mail's workflow was last started
    mailed_at       timestamptz,
    primary key (organization_id, metric, threshold),
    foreign key (organization_id, event_id) references organization_events (organization_id, id),
    constraint mail_has_event check (mail = 'none' or event_id is not null)
);
create index usage_warnings_queued on usage_warnings (started_at) where mail = 'queued';

-- Copies of everything that an organization has. The operation of the same id
-- makes a copy. It lies in parts, each an object of the bucket of exports.
create table exports (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    state           text not null default 'running' check (state in ('running', 'ready', 'failed', 'removed')),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    expires_at      timestamptz, -- when a ready one is removed
    cleaned_at      timestamptz, -- the objects of an export that ended are gone
    primary key (organization_id, id),
    constraint ready_ends check (state <> 'ready' or expires_at is not null)
);
create unique index exports_running on exports (organization_id) where state = 'running'; -- one at a time
create index exports_unfinished on exports (updated_at) where state = 'running';
create index exports_due on exports (expires_at) where state = 'ready';
-- The sweep looks for objects that an ended export left behind.
create index exports_uncleaned on exports (id) where cleaned_at is null and state in ('failed', 'removed');

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

-- How far the check of each organization has come. A pass over an organization with
-- a million files takes several runs; without the cursor each run would begin again,
-- and organizations at the end of the list would never be checked.
create table reconcile_passes (
    organization_id uuid primary key references organizations (id),
    stage           text not null default '', -- where the pass goes on; empty at its beginning
    after_id        uuid not null default '00000000-0000-0000-0000-000000000000', -- the last version that was checked in that stage
    due_at          timestamptz not null default now(),
    completed_at    timestamptz, -- the end of the last complete pass
    updated_at      timestamptz not null default now()
);

-- The tiers of a new platform, and the organization of its operators.
insert into tiers (name, max_members, max_bytes, max_file_size, requests_per_minute, concurrent_uploads, concurrent_scans, renditions, features) values
    ('free',            50,   10::bigint << 30,  5::bigint << 30,    600,   20,  2, true, '{}'),
    ('basic',          500,  100::bigint << 30,  5::bigint << 30,   1200,   50,  4, true, '{}'),
    ('professional',  5000,    1::bigint << 40,  5::bigint << 30,   6000,  200,  8, true, '{api_keys,audit_export}'),
    ('enterprise',  100000,   10::bigint << 40,  5::bigint << 30,  30000, 1000, 16, true, '{api_keys,audit_export}'),
    ('platform',      1000,                  0,                1,  30000,    1,  1, false, '{}');

insert into organizations (id, slug, name, tier)
values ('00000000-0000-7000-8000-000000000000', 'platform', 'Platform operators', 'platform');
insert into organization_policies (organization_id) values ('00000000-0000-7000-8000-000000000000');
