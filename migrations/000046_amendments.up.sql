-- Requests to amend an education record (34 CFR 99.20 to 99.22), their hearings, and the statements
-- that travel with the record. What may follow what is one table, app.amendment_steps, which a
-- trigger keeps. All of it goes with the file.
create table amendments (
    organization_id uuid not null,
    id              uuid not null,
    file_id         uuid not null,
    student_id      uuid not null references users (id),
    requester_id    uuid not null references users (id),
    what            text not null check (length(what) between 1 and 2000), -- what is inaccurate, misleading, or against the student's privacy, and how it should be
    state           text not null default 'requested',
    since           timestamptz not null default now(), -- when it came into the state
    due_at          timestamptz, -- by when the next step is due; null: it is over
    requested_at    timestamptz not null default now(),
    reason          text not null default '' check (length(reason) <= 2000), -- of the decision without a hearing
    hearing_at      timestamptz,
    hearing_place   text not null default '' check (length(hearing_place) <= 500),
    hearing_officer text not null default '' check (length(hearing_officer) <= 200), -- who conducts it, without a direct interest (99.22(c))
    decision        text not null default '' check (length(decision) <= 5000), -- in writing, with a summary of the evidence and the reasons (99.22(f))
    ended_by        uuid references users (id),
    ended_at        timestamptz,
    primary key (organization_id, id),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade,
    constraint over_by_someone check ((ended_by is null) = (ended_at is null) and (ended_at is null) = (due_at is not null)),
    constraint denied_for_a_reason check (state in ('requested', 'under_review', 'withdrawn') or reason <> ''),
    constraint scheduled_with_notice check (state not in ('scheduled', 'held', 'decided_amend', 'decided_uphold', 'statement_attached')
        or hearing_at is not null and hearing_place <> '' and hearing_officer <> ''),
    constraint decided_in_writing check (state not in ('decided_amend', 'decided_uphold', 'statement_attached') or decision <> '')
);
create index amendments_by_file on amendments (organization_id, file_id);
-- One about the same file by the same person at a time.
create unique index amendments_once on amendments (organization_id, file_id, student_id, requester_id) where ended_at is null;

-- What a parent or a student of 18 says about a record that the school did not change (99.21(b)(2)).
create table record_statements (
    organization_id uuid not null,
    amendment_id    uuid not null,
    file_id         uuid not null,
    student_id      uuid not null references users (id),
    statement       text not null check (length(statement) between 1 and 5000),
    at              timestamptz not null default now(),
    primary key (organization_id, amendment_id, file_id),
    foreign key (organization_id, amendment_id) references amendments (organization_id, id) on delete cascade,
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade
);
create index record_statements_by_file on record_statements (organization_id, file_id);

-- While a request is open its file is held, and released with it.
alter table holds
    add column amendment_id uuid,
    add constraint of_an_amendment foreign key (organization_id, amendment_id) references amendments (organization_id, id) on delete cascade,
    drop constraint release_takes_two,
    add constraint release_takes_two check (released_by is null or request_id is not null or amendment_id is not null or release_asked_by is not null and released_by <> release_asked_by),
    add constraint only_amendments check (amendment_id is null or kind = 'amendment');
create unique index holds_of_amendments on holds (organization_id, amendment_id) where amendment_id is not null;
