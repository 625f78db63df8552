-- What an organization records of its own duties: of the security program (16 CFR 312.8(b)) and of
-- notices that come each year, incidents with the days in which others must be told, and
-- directives about what becomes of data at the end of a contract.

-- Each time that a duty was done. The newest of a kind counts; rows are never changed.
create table compliance_duties (
    organization_id  uuid not null references organizations (id),
    id               uuid not null,
    kind             text not null check (kind in ('coordinator', 'risk_assessment', 'safeguards_test', 'program_evaluation', 'annual_notice', 'directory_notice')),
    responsible_id   uuid not null references users (id), -- who answers for it
    note             text not null check (length(note) between 1 and 2000), -- what was done, and where it is written
    evidence_file_id uuid,                                -- a file that shows it; it may be deleted later
    done_at          timestamptz not null,
    due_at           timestamptz not null,                -- when it is due again
    recorded_by      uuid not null references users (id),
    created_at       timestamptz not null default now(),
    primary key (organization_id, id),
    constraint due_after_done check (due_at > done_at and due_at <= done_at + interval '2 years')
);
create index compliance_duties_newest on compliance_duties (organization_id, kind, done_at desc, id desc);

-- Incidents that touched data of people.
create table incidents (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    title           text not null check (length(title) between 1 and 200),
    description     text not null check (length(description) between 1 and 4000), -- what happened, which data
    affected        integer check (affected >= 0), -- how many people; null: not known yet
    discovered_at   timestamptz not null,
    confirmed_at    timestamptz,
    state           text not null default 'open' check (state in ('open', 'closed')),
    closing         text not null default '' check (length(closing) <= 4000), -- what was found and changed
    recorded_by     uuid not null references users (id),
    created_at      timestamptz not null default now(),
    closed_by       uuid references users (id),
    closed_at       timestamptz,
    primary key (organization_id, id),
    constraint confirmed_after_discovery check (confirmed_at >= discovered_at),
    constraint closed_by_someone check ((state = 'closed') = (closed_by is not null) and (closed_by is null) = (closed_at is null) and (state <> 'closed' or closing <> ''))
);

-- Whom to tell of an incident, and until when: one row for each clock that runs.
create table incident_clocks (
    organization_id uuid not null,
    incident_id     uuid not null,
    clock           text not null check (length(clock) between 1 and 60), -- of the table of jurisdictions
    due_at          timestamptz not null,
    told_at         timestamptz,
    told_by         uuid references users (id),
    note            text not null default '' check (length(note) <= 1000),
    primary key (organization_id, incident_id, clock),
    foreign key (organization_id, incident_id) references incidents (organization_id, id) on delete cascade,
    constraint told_by_someone check ((told_at is null) = (told_by is null) and (told_at is null or note <> ''))
);

-- What the school directs to be done with data: exhibit D of the National Data Privacy Agreement.
-- The row is the directive and its state; carrying it out is the work of erasures and exports.
create table dispositions (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    kind            text not null check (kind in ('return', 'destroy')),
    scope           text not null check (scope in ('organization', 'person')),
    person_id       uuid references users (id),
    reason          text not null check (length(reason) between 1 and 1000),
    due_at          timestamptz not null,
    state           text not null default 'recorded' check (state in ('recorded', 'done', 'withdrawn')),
    outcome         text not null default '' check (length(outcome) <= 2000), -- by which export or certificate
    recorded_by     uuid not null references users (id),
    created_at      timestamptz not null default now(),
    ended_by        uuid references users (id),
    ended_at        timestamptz,
    primary key (organization_id, id),
    constraint person_is_named check ((scope = 'person') = (person_id is not null)),
    constraint ended_by_someone check ((state = 'recorded') = (ended_by is null) and (ended_by is null) = (ended_at is null) and (state = 'recorded' or outcome <> ''))
);
