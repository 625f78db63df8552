-- Documents that were made from texts, as entries of a data store of an experience. One row
-- for each file: its entry is written again for each version. The file may be gone; the entry
-- then has to be deleted, so the row does not hang on it.
create table roblox_lessons (
    organization_id uuid not null,
    connection_id   uuid not null,
    file_id         uuid not null,
    version_id      uuid not null,
    name            text not null,
    kind            text not null check (kind in ('quiz', 'worksheet', 'lesson_plan', 'reading_passage', 'rubric', 'vocabulary')),
    state           text not null default 'planned' check (state in ('planned', 'claimed', 'unsure', 'live', 'refused', 'removing', 'withheld')),
    code            text not null default '',        -- why it is not live
    rule            text not null default '',        -- by which it may not leave
    wanted          boolean not null default true,   -- the file is published where the connection takes it from, and may leave
    at_roblox       boolean not null default false,  -- an entry is there, or may be
    claim           uuid,                            -- of the write in hand
    claimed_at      timestamptz,
    sha256          text not null default '' check (sha256 ~ '^([0-9a-f]{64})?$'), -- of the entry as it was written last
    revision        text not null default '' check (length(revision) <= 200),      -- of the entry, as Roblox names it
    tries           integer not null default 0 check (tries >= 0),
    next_at         timestamptz default now(),       -- null: nothing is to be done
    written_at      timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, connection_id, file_id),
    foreign key (organization_id, connection_id) references roblox_connections (organization_id, id) on delete cascade,
    constraint claimed_has_claim check (state <> 'claimed' or claim is not null and claimed_at is not null and at_roblox),
    constraint live_is_written check (state <> 'live' or sha256 <> '' and at_roblox),
    constraint withheld_is_not_there check (state <> 'withheld' or not at_roblox)
);
create index roblox_lessons_due on roblox_lessons (organization_id, connection_id, next_at) where next_at is not null;

-- Of which document the version of a file is.
create index generations_by_result on generations (organization_id, result_version_id) where result_version_id is not null;

-- When the servers of an experience were told last that something changed.
alter table roblox_connections add column told_at timestamptz;
