-- What happened, counted: events without names, their sums by day, and the reports that are
-- made of them.

-- Copied from the audit log and from organization_events, each row once: source and seq
-- name where it is from. person is a pseudonym, the same for one person of the organization.
create table activity_events (
    organization_id uuid not null references organizations (id),
    source          text not null check (source in ('audit', 'event')),
    seq             bigint not null check (seq > 0),
    at              timestamptz not null,
    verb            text not null check (verb ~ '^[a-z_]{1,40}$'),
    role            text not null default '', -- of who did it; empty: the platform, or it does not matter
    part            text not null default '' check (length(part) <= 200), -- a media type, or the code of a refusal
    bytes           bigint not null default 0 check (bytes >= 0),
    person          uuid,                     -- null: no person of the organization
    primary key (organization_id, source, seq)
);
create index activity_events_by_time on activity_events (organization_id, at);

-- How far the two logs were read. salt makes the pseudonyms, which mean nothing without it.
create table activity_marks (
    organization_id uuid primary key references organizations (id),
    audit_seq       bigint not null default 0,
    event_seq       bigint not null default 0,
    time_zone       text not null default '', -- in which the days were counted
    salt            bytea not null default sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) check (length(salt) = 32),
    rolled_at       timestamptz
);

-- Sums by day of the organization's time zone. The verb any is everything that people did.
create table activity_days (
    organization_id uuid not null references organizations (id),
    day             date not null,
    verb            text not null,
    role            text not null default '',
    part            text not null default '',
    n               bigint not null check (n > 0),
    bytes           bigint not null default 0,
    people          bigint not null default 0, -- different ones behind it
    primary key (organization_id, day, verb, role, part)
);

-- Groups of people smaller than this are hidden in reports; null: ten.
alter table organization_policies
    add column report_threshold integer check (report_threshold between 5 and 1000);

create table report_schedules (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    kind            text not null check (kind in ('storage', 'activity', 'types', 'hand_ins', 'refusals', 'jobs', 'generation', 'class')),
    format          text not null check (format in ('json', 'csv', 'xlsx', 'pdf')),
    class_id        uuid,
    place           text not null default 'personal' check (place in ('personal', 'staff')),
    every           text not null check (every in ('day', 'week', 'month')), -- it reports the last whole one
    weekday         smallint not null default 1 check (weekday between 1 and 7), -- of every week; Monday is 1
    minute          smallint not null check (minute between 0 and 1439),      -- of the day, in the organization's time zone
    active          boolean not null default true,
    next_at         timestamptz,                                              -- null: it has to be found
    last_report_id  uuid,
    created_by      uuid not null,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    foreign key (organization_id, class_id) references classes (organization_id, id) on delete cascade,
    constraint class_has_class check ((kind = 'class') = (class_id is not null)),
    constraint class_is_personal check (kind <> 'class' or place = 'personal')
);
create index report_schedules_due on report_schedules (next_at nulls first) where active;
create index report_schedules_by_person on report_schedules (organization_id, created_by, id desc);

create table reports (
    organization_id uuid not null references organizations (id),
    id              uuid not null, -- that of its operation too
    kind            text not null check (kind in ('storage', 'activity', 'types', 'hand_ins', 'refusals', 'jobs', 'generation', 'class')),
    format          text not null check (format in ('json', 'csv', 'xlsx', 'pdf')),
    class_id        uuid,
    place           text not null check (place in ('personal', 'staff')),
    from_day        date not null,
    to_day          date not null, -- included
    requested_by    uuid not null,
    schedule_id     uuid,
    state           text not null default 'waiting' check (state in ('waiting', 'ready', 'failed', 'cancelled')),
    code            text not null default '', -- why it failed
    file_id         uuid,
    version_id      uuid,
    row_count       bigint not null default 0 check (row_count >= 0),
    as_of           timestamptz,   -- of its figures
    time_zone       text not null default '',
    threshold       integer not null default 0,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    ended_at        timestamptz,
    primary key (organization_id, id),
    constraint period_is_one check (to_day >= from_day and to_day - from_day < 400),
    constraint class_has_class check ((kind = 'class') = (class_id is not null)),
    constraint class_is_personal check (kind <> 'class' or place = 'personal'),
    constraint ended_has_time check ((state = 'waiting') = (ended_at is null)),
    constraint ready_has_file check (state <> 'ready' or version_id is not null and as_of is not null)
);
create index reports_by_person on reports (organization_id, requested_by, id desc);
create index reports_open on reports (id) where ended_at is null;
