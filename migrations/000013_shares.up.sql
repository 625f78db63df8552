-- Shares: who was given a file, a folder or a space, how far, and until when. Within the
-- organization a share is rows of file_links, folder_links or space_grants that carry
-- its id, so that the access rule reads no other table. Times are the database's clock.

-- A share outlives what it was of, and says why it ended: the ids of that refer to
-- nothing.
create table shares (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    kind            text not null check (kind in ('link', 'members', 'classes', 'people')),
    permission      text not null check (permission in ('view', 'download', 'upload', 'edit')),
    file_id         uuid,
    folder_id       uuid,
    space_id        uuid,
    version_id      uuid, -- of a file: this version; null: the current one
    label           text not null default '' check (length(label) <= 200),
    token_hash      bytea check (length(token_hash) = 32), -- of a link
    password_hash   text check (length(password_hash) between 1 and 500), -- argon2id
    has_password    boolean not null generated always as (password_hash is not null) stored,
    starts_at       timestamptz not null default now(),
    expires_at      timestamptz not null default 'infinity',
    max_downloads   integer check (max_downloads between 1 and 1000000),
    downloads       integer not null default 0 check (downloads >= 0), -- reserved or counted
    -- Of a drop box: how much may come, and what came.
    max_files       integer check (max_files between 1 and 100000),
    max_bytes       bigint check (max_bytes between 1 and 1125899906842624),
    accepted        text[] not null default '{}' check (cardinality(accepted) <= 100), -- extensions; none: what the organization takes
    dropped_files   integer not null default 0 check (dropped_files >= 0),
    dropped_bytes   bigint not null default 0 check (dropped_bytes >= 0),
    ended_at        timestamptz,
    ended_reason    text not null default '' check (ended_reason in ('', 'revoked', 'expired', 'used_up', 'sharer_left', 'sharer_demoted',
                        'target_deleted', 'target_moved', 'class_deleted', 'recipients_left')),
    ended_by        uuid references users (id), -- of a revoked one
    created_by      uuid not null references users (id),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    constraint one_target check (num_nonnulls(file_id, folder_id, space_id) = 1),
    constraint pins_a_file check (version_id is null or file_id is not null),
    constraint link_has_token check ((kind = 'link') = (token_hash is not null)),
    constraint password_is_of_outsiders check (password_hash is null or kind in ('link', 'people')),
    constraint limit_is_of_outsiders check (max_downloads is null or kind in ('link', 'people')),
    constraint upload_needs_a_place check (permission <> 'upload' or file_id is null),
    constraint spaces_are_not_of_classes check (kind <> 'classes' or space_id is null),
    constraint edit_is_of_members check (permission <> 'edit' or kind in ('members', 'classes')),
    constraint bounds_are_of_drop_boxes check (permission = 'upload' and kind in ('link', 'people') or num_nonnulls(max_files, max_bytes) = 0 and accepted = '{}'),
    constraint starts_before_its_end check (expires_at > starts_at),
    constraint starts_in_time check (starts_at between '2000-01-01' and '2200-01-01'),
    constraint within_the_limit check (max_downloads is null or downloads <= max_downloads),
    constraint ended_says_why check ((ended_at is null) = (ended_reason = ''))
);
create index shares_by_file on shares (organization_id, file_id, id) where file_id is not null;
create index shares_by_folder on shares (organization_id, folder_id, id) where folder_id is not null;
create index shares_by_space on shares (organization_id, space_id, id) where space_id is not null;
create index shares_by_maker on shares (organization_id, created_by, id);
-- Across organizations: a visitor brings nothing but the token.
create index shares_by_token on shares (token_hash) where token_hash is not null;
create index shares_expiring on shares (expires_at) where ended_at is null;

-- With whom: members and classes by their ids, people outside by an address, which is
-- forgotten when their share ends. Each of those has a token of their own.
create table share_recipients (
    organization_id uuid not null,
    share_id        uuid not null,
    id              uuid not null,
    user_id         uuid references users (id),
    class_id        uuid,
    email           text check (length(email) between 3 and 254),
    outside         boolean not null,
    name            text not null default '' check (length(name) <= 200),
    token_hash      bytea check (length(token_hash) = 32), -- of the newest mail
    verified_at     timestamptz, -- the person proved that the address is theirs
    delivery        text not null default 'queued' check (delivery in ('queued', 'sent', 'failed')),
    delivery_code   text not null default '',
    attempts        integer not null default 0 check (attempts >= 0),
    started_at      timestamptz, -- its workflow is known to have begun
    sent_at         timestamptz,
    ended_at        timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, share_id, id),
    foreign key (organization_id, share_id) references shares (organization_id, id) on delete cascade,
    constraint one_recipient check (num_nonnulls(user_id, class_id) = case when outside then 0 else 1 end),
    constraint only_outsiders_have_addresses check (outside or email is null and token_hash is null),
    constraint ended_keeps_no_address check (not outside or (email is not null) = (ended_at is null))
);
create unique index share_recipients_user on share_recipients (organization_id, share_id, user_id) where user_id is not null and ended_at is null;
create unique index share_recipients_class on share_recipients (organization_id, share_id, class_id) where class_id is not null and ended_at is null;
create unique index share_recipients_email on share_recipients (organization_id, share_id, lower(email)) where email is not null;
create index share_recipients_by_user on share_recipients (organization_id, user_id, share_id) where user_id is not null;
create index share_recipients_by_class on share_recipients (organization_id, class_id, share_id) where class_id is not null;
create index share_recipients_by_token on share_recipients (token_hash) where token_hash is not null;
create index share_recipients_waiting on share_recipients (updated_at) where outside and ended_at is null and delivery = 'queued';

-- One download by somebody outside. A click makes the row; the first byte reserves one
-- of the share's downloads; every range of it counts once.
create table share_downloads (
    organization_id uuid not null,
    share_id        uuid not null,
    id              uuid not null,
    recipient_id    uuid, -- null: each who holds the link
    file_id         uuid, -- null: all that the share shows
    state           text not null default 'issued' check (state in ('issued', 'reserved', 'counted', 'returned')),
    issued_at       timestamptz not null default now(),
    expires_at      timestamptz not null default now() + interval '15 minutes',
    started_at      timestamptz,
    bytes_sent      bigint not null default 0 check (bytes_sent >= 0),
    bytes_total     bigint check (bytes_total >= 0),
    primary key (organization_id, share_id, id),
    foreign key (organization_id, share_id) references shares (organization_id, id) on delete cascade
);
create index share_downloads_open on share_downloads (organization_id, expires_at) where state in ('issued', 'reserved');

-- Wrong passwords and codes, by the keyed hash of an address.
create table share_attempts (
    organization_id uuid not null,
    share_id        uuid not null,
    address_hash    bytea not null check (length(address_hash) = 32),
    failed          integer not null default 0 check (failed >= 0),
    blocked_until   timestamptz,
    updated_at      timestamptz not null default now(),
    primary key (organization_id, share_id, address_hash),
    foreign key (organization_id, share_id) references shares (organization_id, id) on delete cascade
);

-- The one-time code that was mailed to a person last.
create table share_codes (
    organization_id uuid not null,
    share_id        uuid not null,
    recipient_id    uuid not null,
    code_hash       bytea not null check (length(code_hash) = 32),
    attempts        integer not null default 0 check (attempts >= 0),
    issued_at       timestamptz not null default now(),
    expires_at      timestamptz not null,
    used_at         timestamptz,
    primary key (organization_id, share_id, recipient_id),
    foreign key (organization_id, share_id, recipient_id) references share_recipients (organization_id, share_id, id) on delete cascade
);

-- Every access by a share, the refused ones too.
create table share_accesses (
    organization_id uuid not null,
    share_id        uuid not null,
    id              uuid not null,
    recipient_id    uuid, -- null: each who holds the link
    file_id         uuid,
    what            text not null check (what in ('page', 'password', 'code', 'preview', 'download', 'zip', 'upload')),
    outcome         text not null check (outcome in ('ok', 'refused')),
    code            text not null default '' check (code ~ '^[a-z0-9_]{0,64}$'), -- why it was refused
    at              timestamptz not null default now(),
    primary key (organization_id, share_id, id),
    foreign key (organization_id, share_id) references shares (organization_id, id) on delete cascade
);

-- What may leave by which way, where an organization decided otherwise than the platform
-- (app.disclosure_default).
create table disclosure_rules (
    organization_id uuid not null references organizations (id),
    way             text not null check (way in ('link', 'outside_person', 'drop_box', 'webhook', 'export', 'connector', 'model')),
    class           text not null check (class in ('general', 'personal', 'education_record', 'confidential')),
    allowed         boolean not null,
    rule            text not null check (rule ~ '^[a-z][a-z0-9_]{0,63}$'), -- what a refusal names
    updated_at      timestamptz not null default now(),
    primary key (organization_id, way, class)
);

-- The bounds of shares with people outside. Of the tier and the organization the
-- stricter one counts.
alter table organization_policies
    add column share_outside  boolean not null default true,  -- shares with people outside
    add column share_upload   boolean not null default true,  -- drop boxes for people outside
    add column share_password boolean not null default false, -- links have a password
    add column share_days     integer check (share_days between 1 and 3650); -- the longest life; null: without a limit
alter table tiers
    add column share_outside  boolean not null default true,
    add column share_upload   boolean not null default true,
    add column share_password boolean not null default false,
    add column share_days     integer check (share_days between 1 and 3650);

-- The link that a person made and those of shares are rows beside each other: the end of
-- one takes nothing from the others. The nil id takes the place of no share.
update file_links set share_id = '00000000-0000-0000-0000-000000000000' where share_id is null;
alter table file_links
    alter column share_id set default '00000000-0000-0000-0000-000000000000',
    alter column share_id set not null,
    drop constraint file_links_pkey,
    add primary key (organization_id, file_id, space_id, share_id);
create index file_links_by_share on file_links (organization_id, share_id) where share_id <> '00000000-0000-0000-0000-000000000000';
update folder_links set share_id = '00000000-0000-0000-0000-000000000000' where share_id is null;
alter table folder_links
    alter column share_id set default '00000000-0000-0000-0000-000000000000',
    alter column share_id set not null,
    drop constraint folder_links_pkey,
    add primary key (organization_id, folder_id, space_id, share_id);
create index folder_links_by_share on folder_links (organization_id, share_id) where share_id <> '00000000-0000-0000-0000-000000000000';
alter table space_grants add column share_id uuid; -- the share that gave it
create index space_grants_by_share on space_grants (organization_id, share_id) where share_id is not null;
