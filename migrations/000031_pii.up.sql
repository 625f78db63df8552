-- Personal data in files: what the detectors know of each version, and where they found it.

-- One row for each version that is inspected: made when it is published, or before that where
-- the organization's policy waits for it.
create table pii_inspections (
    organization_id uuid not null references organizations (id),
    version_id      uuid not null,
    file_id         uuid not null,
    state           text not null default 'pending' check (state in ('pending', 'none', 'found', 'uninspectable')),
    detector        text not null default '', -- version of the detectors; versions sort in the order of their dates
    unread          text[] not null default '{}', -- codes: why something of it was not read
    capped          text[] not null default '{}', -- categories with more findings than are kept
    asked_at        timestamptz, -- when the sweep last asked for it
    inspected_at    timestamptz,
    -- A version that waits for a decision has the status held, and here by which policy.
    held            text not null default '' check (held in ('', 'waiting', 'released', 'rejected')),
    held_by         text not null default '' check (held_by in ('', 'hold', 'ask')),
    held_at         timestamptz,
    decided_by      uuid references users (id), -- null: its time was over
    decided_at      timestamptz,
    primary key (organization_id, version_id),
    foreign key (organization_id, version_id) references file_versions (organization_id, id) on delete cascade
);
create index pii_inspections_by_file on pii_inspections (organization_id, file_id);
create index pii_inspections_pending on pii_inspections (version_id) where state = 'pending';
create index pii_inspections_by_detector on pii_inspections (detector, version_id) where state <> 'pending';
create index pii_inspections_held on pii_inspections (held_at, version_id) where held = 'waiting';
create index pii_inspections_released on pii_inspections (version_id) where held = 'released';

-- A place that looks like personal data. There is no column for the value.
create table pii_findings (
    organization_id uuid not null,
    version_id      uuid not null,
    number          integer not null check (number >= 1),
    category        text not null check (category ~ '^[a-z][a-z0-9_]{0,31}$'),
    part            text not null check (part ~ '^[a-z]{1,16}$'),
    part_number     integer not null default 0, -- of the page, sheet or slide
    member          text not null default '' check (member ~ '^([0-9]+(/[0-9]+)*)?$'), -- of a zip or mail
    cell            text not null default '' check (cell ~ '^([A-Z]{1,3}[0-9]{1,7})?$'),
    line            integer not null default 0,
    score           real not null check (score between 0 and 1),
    reasons         text[] not null default '{}',
    masked          text not null default '' check (length(masked) <= 40),
    value_hmac      bytea not null check (length(value_hmac) = 32), -- under a key of the organization
    person_id       uuid references users (id), -- of the roster
    primary key (organization_id, version_id, number),
    foreign key (organization_id, version_id) references pii_inspections (organization_id, version_id) on delete cascade
);
create index pii_findings_by_value on pii_findings (organization_id, value_hmac);

-- What is published already is read by the sweep, as if it had been published now.
insert into pii_inspections (organization_id, version_id, file_id)
select organization_id, id, file_id from file_versions where status = 'published';

-- What the organization does about personal data, and the forms of its student ids.
alter table organization_policies
    add column pii_policy text not null default 'label' check (pii_policy in ('label', 'hold', 'restrict_sharing', 'ask')),
    add column pii_student_ids text[] not null default '{}' check (cardinality(pii_student_ids) <= 16);
