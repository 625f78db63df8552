-- Imports of rosters: what a package says, what it would change, what was changed.

alter table roster_sources
    add column revision    bigint not null default 0,     -- grows with every import that was applied or undone
    add column keep_ages   boolean not null default false, -- of birth dates, the months of 13 and 18 are kept
    add column leave_days  integer not null default 14 check (leave_days between 0 and 60),
    add column last_import uuid;                           -- applied last and not undone

-- The school by which a person counts as omitted; a person whose school did not
-- come with a package stays.
alter table people
    add column school_id     uuid,
    add column also_guardian boolean not null default false, -- the source names a role of parent or guardian
    add foreign key (organization_id, school_id) references schools (organization_id, id);

-- The rows of the source that say that a person is in a class. The place ends
-- with the last of them.
alter table class_members add column supported_by text[] not null default '{}';

alter table guardianships add column origin text not null default 'manual' check (origin in ('manual', 'roster'));

-- An import and its operation have one id.
create table roster_imports (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    source_id       uuid not null,
    state           text not null default 'received' check (state in
                        ('received', 'checking', 'waiting', 'applying', 'applied', 'stopped', 'discarded', 'failed', 'undoing', 'undone')),
    size            bigint not null check (size > 0),
    sha256          text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    object_etag     text not null,
    windows_1252    boolean not null default false, -- the files are read in this encoding
    review          boolean not null default false, -- waits for a decision, with or without a hold
    modes           jsonb not null default '{}',    -- of each kind: absent, bulk, delta
    base_revision   bigint,                         -- of the source, when the changes were found
    diff_hash       text,
    holds           jsonb not null default '[]',
    summary         jsonb not null default '{}',
    issues          jsonb not null default '{}',    -- places in files, never values
    stop            jsonb,                          -- why nothing of the package is used
    decision        text check (decision in ('approved', 'adds_only', 'discarded')),
    decided_hash    text,
    with_held       boolean not null default false, -- rows that are held alone are applied too
    decided_by      uuid references users (id),
    decided_at      timestamptz,
    report          jsonb not null default '{}',
    previous_import uuid,                           -- that was the source's last one before this
    created_by      uuid references users (id),     -- null: the inbox folder
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    waits_until     timestamptz,                    -- then it is discarded
    ended_at        timestamptz,
    cleaned_at      timestamptz,                    -- the package, its rows and its changes are gone
    primary key (organization_id, id),
    foreign key (organization_id, source_id) references roster_sources (organization_id, id)
);
create unique index roster_imports_open on roster_imports (organization_id, source_id)
    where state in ('received', 'checking', 'waiting', 'applying', 'undoing'); -- one at a time
create index roster_imports_unfinished on roster_imports (updated_at) where state in ('received', 'checking', 'waiting', 'applying', 'undoing');
create index roster_imports_due on roster_imports (ended_at) where cleaned_at is null;

-- What the rows of a package say, as far as the platform uses it. Which columns a
-- row has follows from its kind. A user name and an address are here as keyed
-- hashes only.
create table roster_rows (
    organization_id uuid not null,
    import_id       uuid not null,
    kind            text not null,
    row             integer not null, -- the line in the file
    sourced_id      text not null,
    leaving         boolean not null,
    refused         text,             -- the code of the reason
    hash            bytea not null,
    org             text not null default '',
    class           text not null default '',
    person          text not null default '',
    role            text not null default '',
    flag            boolean not null default false, -- of an org: a school; of an enrollment or role: primary; of a person: also a guardian
    title           text not null default '',
    code            text not null default '',
    terms           text[] not null default '{}',
    starts          date,
    ends            date,
    grade           text not null default '',
    username_hash   bytea,
    email_hash      bytea,
    identifiers     text[] not null default '{}',
    agents          text[] not null default '{}',
    thirteen_from   date,
    adult_from      date,
    primary key (organization_id, import_id, kind, row),
    foreign key (organization_id, import_id) references roster_imports (organization_id, id) on delete cascade
);
create index roster_rows_by_id on roster_rows (organization_id, import_id, kind, sourced_id);

-- What an import changes, in the order in which it does. before and after have
-- one shape, so that a change is undone as it is applied.
create table roster_changes (
    organization_id uuid not null,
    import_id       uuid not null,
    seq             bigint not null,
    phase           smallint not null check (phase in (1, 2)), -- 2: removals
    kind            text not null check (kind in ('school', 'term', 'class', 'person', 'enrollment', 'guardian')),
    action          text not null check (action in ('new', 'changed', 'back', 'leaving')),
    sourced_id      text not null, -- of an enrollment: the class's
    person          text not null default '', -- of an enrollment: the person's
    school          text not null default '',
    target_id       uuid,
    held            text,
    before          jsonb,
    after           jsonb,
    primary key (organization_id, import_id, seq),
    foreign key (organization_id, import_id) references roster_imports (organization_id, id) on delete cascade
);
create index roster_changes_by_kind on roster_changes (organization_id, import_id, kind, action, seq);

-- A batch of changes is applied once: its row is made in the transaction that
-- applies it.
create table roster_batches (
    organization_id uuid not null,
    import_id       uuid not null,
    direction       text not null check (direction in ('apply', 'undo')),
    first_seq       bigint not null,
    last_seq        bigint not null check (last_seq >= first_seq),
    applied_at      timestamptz not null default now(),
    primary key (organization_id, import_id, direction, first_seq),
    foreign key (organization_id, import_id) references roster_imports (organization_id, id) on delete cascade
);

-- Who the source names with whom as student and guardian; either row may carry it.
-- The platform's guardianships follow from it.
create table roster_agents (
    organization_id uuid not null,
    source_id       uuid not null,
    carrier         text not null,
    agent           text not null,
    created_by      uuid references users (id),
    primary key (organization_id, source_id, carrier, agent),
    foreign key (organization_id, source_id) references roster_sources (organization_id, id)
);
create index roster_agents_by_agent on roster_agents (organization_id, source_id, agent);
