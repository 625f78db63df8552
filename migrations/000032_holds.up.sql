-- Holds: what must not be destroyed, for how long a reason lasts. A hold covers files as they
-- are when something is about to be destroyed, so a file that is sent tomorrow is covered too.
-- Neither the file nor the space is referred to by a key: the hold is the record of a decision
-- and stays when, after its release, what it was about is gone.
create table holds (
    organization_id  uuid not null references organizations (id),
    id               uuid not null,
    kind             text not null check (kind in ('legal', 'access_request', 'amendment')),
    scope            text not null check (scope in ('organization', 'person', 'space', 'file', 'query')),
    person_id        uuid references users (id),
    space_id         uuid,
    file_id          uuid,
    -- The query: each part that is given must be met.
    category         text check (length(category) between 1 and 100),
    created_from     timestamptz,
    created_before   timestamptz,
    name_part        text check (length(name_part) between 1 and 255),
    name_folded      text generated always as (replace(replace(lower(name_part collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss')) stored,
    reason           text not null check (length(reason) between 1 and 1000),
    placed_by        uuid not null references users (id),
    placed_at        timestamptz not null default now(),
    -- A release takes two people: one asks, another one approves.
    release_asked_by uuid references users (id),
    release_asked_at timestamptz,
    release_reason   text not null default '' check (length(release_reason) <= 1000),
    released_by      uuid references users (id),
    released_at      timestamptz,
    primary key (organization_id, id),
    constraint scope_names_its_target check (
        (scope = 'person') = (person_id is not null) and (scope = 'space') = (space_id is not null) and (scope = 'file') = (file_id is not null)
        and (scope = 'query') = (num_nonnulls(category, created_from, created_before, name_part) > 0)),
    constraint created_in_order check (created_from < created_before),
    constraint asked_by_someone check ((release_asked_by is null) = (release_asked_at is null) and (release_asked_at is null) = (release_reason = '')),
    constraint released_by_someone check ((released_by is null) = (released_at is null)),
    constraint release_takes_two check (released_by is null or release_asked_by is not null and released_by <> release_asked_by)
);
create index holds_active on holds (organization_id, id) where released_at is null;

-- Retention: for how long files of a category are kept, what for, and what then becomes of them.
create table retention_policies (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    category        text not null default '' check (length(category) <= 100), -- empty: every category without a policy of its own
    children        boolean not null default false, -- of files that were collected from children
    purpose         text not null check (length(purpose) between 1 and 500),
    business_need   text not null check (length(business_need) between 1 and 1000),
    days            integer check (days between 1 and 36500), -- null: without a limit
    begins          text not null check (begins in ('published', 'last_version', 'trashed')), -- what the days are counted from
    disposal        text not null check (disposal in ('delete', 'review')),
    created_by      uuid not null references users (id),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, category, children),
    -- 16 CFR 312.10: what is collected from children is not kept indefinitely.
    constraint children_are_not_kept_for_ever check (not children or days is not null and days > 0),
    -- What is in the trash was decided about before.
    constraint trash_is_not_reviewed check (begins <> 'trashed' or disposal = 'delete')
);

-- Files that an officer decides about: those that a policy lists for review, and those that
-- are kept until a day whatever the policy says.
create table retention_reviews (
    organization_id uuid not null,
    file_id         uuid not null,
    policy_id       uuid not null, -- the policy may be gone: what was decided stays
    state           text not null default 'waiting' check (state in ('waiting', 'kept', 'disposed')),
    due_at          timestamptz not null default now(), -- since when it waits
    keep_until      timestamptz,
    reason          text not null default '' check (length(reason) <= 1000),
    decided_by      uuid references users (id),
    decided_at      timestamptz,
    primary key (organization_id, file_id),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade,
    constraint kept_until_a_day check ((state = 'kept') = (keep_until is not null)),
    constraint decided_by_someone check ((state = 'waiting') = (decided_by is null) and (decided_by is null) = (decided_at is null))
);
create index retention_reviews_waiting on retention_reviews (organization_id, due_at, file_id) where state = 'waiting';
