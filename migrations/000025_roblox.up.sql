-- What is brought to Roblox: connections of an organization with their keys, the assets that
-- files became, places that were published, and requests of Roblox to erase a person.
create table roblox_connections (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    name            text not null check (length(name) between 1 and 100),
    universe_id     bigint not null check (universe_id > 0),
    creator_type    text not null check (creator_type in ('user', 'group')),
    creator_id      bigint not null check (creator_id > 0),
    key_sealed      bytea not null,               -- by internal/kms, bound to the organization and this row
    key_owner       text not null,                -- whose budget requests use
    key_info        jsonb not null default '{}',  -- what Roblox says about the key: its rights and its end
    key_checked_at  timestamptz,
    secret_sealed   bytea not null,               -- with which Roblox signs what it sends
    space_ids       uuid[] not null default '{}' check (cardinality(space_ids) <= 100),
    automatic       boolean not null default true,
    state           text not null default 'active' check (state in ('active', 'stopped')),
    code            text not null default '',     -- why it is stopped
    sync_id         uuid,                         -- operation of the newest sync
    synced_at       timestamptz,
    next_sync_at    timestamptz not null default now(),
    map_revision    text not null default '',     -- of the asset map as it was written last
    created_by      uuid not null references users (id),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, universe_id),
    constraint stopped_has_reason check ((state = 'stopped') = (code <> ''))
);
create index roblox_connections_due on roblox_connections (id) where state = 'active';

-- One row for each version that is or was an asset. The row is claimed before the upload:
-- Roblox knows no key by which it would see that a second upload is the same one. Its file
-- may be gone; the asset then has to be archived, so the row does not hang on it.
create table roblox_assets (
    organization_id uuid not null,
    id              uuid not null,
    connection_id   uuid not null,
    file_id         uuid not null,
    version_id      uuid not null,
    name            text not null,
    asset_type      text not null check (asset_type in ('Image', 'Audio', 'Model')),
    sha256          text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    state           text not null default 'planned' check (state in
        ('planned', 'claimed', 'uploading', 'reviewing', 'approved', 'live', 'rejected', 'refused', 'withheld', 'unsure', 'archiving', 'archived', 'restoring')),
    code            text not null default '',
    wanted          boolean not null default true,  -- the file is published where the connection takes it from
    claim           uuid,                           -- of the try in hand
    claimed_at      timestamptz,
    operation_id    text not null default '' check (length(operation_id) <= 200),
    asset_id        bigint check (asset_id > 0),
    tries           integer not null default 0 check (tries >= 0), -- of the step in hand
    next_at         timestamptz default now(),      -- null: nothing is to be done
    decided_by      uuid,                           -- who said what became of an unsure one
    decided_at      timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, connection_id, version_id),
    foreign key (organization_id, connection_id) references roblox_connections (organization_id, id) on delete cascade,
    constraint claimed_has_claim check (state <> 'claimed' or claim is not null and claimed_at is not null),
    constraint uploading_has_operation check (state <> 'uploading' or operation_id <> ''),
    constraint made_has_asset check (state not in ('reviewing', 'approved', 'live', 'archiving', 'restoring') or asset_id is not null)
);
create index roblox_assets_due on roblox_assets (organization_id, connection_id, next_at) where next_at is not null;
create index roblox_assets_by_state on roblox_assets (organization_id, connection_id, state, id);

-- Versions of places that were asked for, with the file that they are of.
create table roblox_publications (
    organization_id uuid not null,
    id              uuid not null, -- that of its operation too
    connection_id   uuid not null,
    place_id        bigint not null check (place_id > 0),
    file_id         uuid not null,
    version_id      uuid not null,
    published       boolean not null,  -- or saved alone
    content_type    text not null,
    state           text not null default 'planned' check (state in ('planned', 'claimed', 'done', 'failed', 'unsure')),
    code            text not null default '',
    number          bigint,            -- of the version, as Roblox counts
    requested_by    uuid not null,
    claimed_at      timestamptz,
    created_at      timestamptz not null default now(),
    ended_at        timestamptz,
    primary key (organization_id, id),
    foreign key (organization_id, connection_id) references roblox_connections (organization_id, id) on delete cascade
);

-- Requests of Roblox to erase a person. The id of the person goes with the end.
create table roblox_erasures (
    organization_id uuid not null,
    id              uuid not null,
    connection_id   uuid not null,
    notification_id text not null check (length(notification_id) between 1 and 100),
    roblox_user_id  bigint,
    received_at     timestamptz not null default now(),
    done_at         timestamptz,
    primary key (organization_id, id),
    unique (organization_id, connection_id, notification_id),
    foreign key (organization_id, connection_id) references roblox_connections (organization_id, id) on delete cascade,
    constraint done_forgets check ((done_at is null) = (roblox_user_id is not null))
);
create index roblox_erasures_open on roblox_erasures (id) where done_at is null;

-- When the next request of a kind may go, for each owner of keys: Roblox counts by the owner
-- of a key, whatever organizations use it. The rows are the platform's.
create table roblox_budgets (
    organization_id uuid not null references organizations (id),
    owner           text not null check (length(owner) between 1 and 100),
    kind            text not null check (kind ~ '^[a-z_]{1,32}$'),
    free_at         timestamptz not null,
    primary key (organization_id, owner, kind)
);
