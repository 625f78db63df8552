-- Requests to see education records (34 CFR 99.10): who asks about which student, how far it is, and
-- by when it must be answered. The rows stay when a request is over.
create table access_requests (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    student_id      uuid not null references users (id),
    requester_id    uuid not null references users (id),
    note            text not null default '' check (length(note) <= 1000), -- what they ask for, in their words
    state           text not null default 'received' check (state in ('received', 'review', 'releasing', 'ready', 'delivered', 'closed', 'rejected', 'withdrawn')),
    received_at     timestamptz not null default now(),
    due_at          timestamptz not null default now() + interval '45 days',
    told            integer not null default 0 check (told in (0, 30, 40, 45)), -- the last day of which officers were told
    verified_by     uuid references users (id),
    verified_at     timestamptz,
    verified_how    text not null default '' check (length(verified_how) <= 500), -- how it is known that the requester is who they say (99.31(c))
    released_by     uuid references users (id),
    released_at     timestamptz,
    delivered_at    timestamptz,
    ended_by        uuid references users (id),
    ended_at        timestamptz,
    ended_reason    text not null default '' check (length(ended_reason) <= 1000),
    primary key (organization_id, id),
    constraint verified_before_review check (state in ('received', 'rejected', 'withdrawn') or verified_by is not null and verified_how <> ''),
    constraint over_by_someone check ((state in ('closed', 'rejected', 'withdrawn')) = (ended_by is not null) and (ended_by is null) = (ended_at is null)),
    constraint not_longer_than_the_law check (due_at <= received_at + interval '45 days')
);
create index access_requests_open on access_requests (id) where state not in ('delivered', 'closed', 'rejected', 'withdrawn');
-- One about the same student by the same person at a time.
create unique index access_requests_once on access_requests (organization_id, student_id, requester_id) where state not in ('closed', 'rejected', 'withdrawn');

-- The records that the request is about, and what is decided about each: one that tells of other
-- students too waits for a person (99.12(a)).
create table access_request_files (
    organization_id uuid not null,
    request_id      uuid not null,
    file_id         uuid not null,
    students        integer not null check (students >= 1),
    decision        text not null check (decision in ('waiting', 'include', 'withhold')),
    reason          text not null default '' check (length(reason) <= 1000),
    decided_by      uuid references users (id),
    decided_at      timestamptz,
    primary key (organization_id, request_id, file_id),
    foreign key (organization_id, request_id) references access_requests (organization_id, id),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade,
    constraint withheld_for_a_reason check (decision <> 'withhold' or reason <> ''),
    constraint reviewed_by_someone check (students = 1 or decision = 'waiting' or decided_by is not null)
);

-- The package of a request is an export of its own.
alter table exports
    add column access_request_id uuid,
    add constraint of_a_request foreign key (organization_id, access_request_id) references access_requests (organization_id, id);
create index exports_of_requests on exports (organization_id, access_request_id) where access_request_id is not null;

-- What a request is about is held while it is open, and released with it (99.10(e)).
alter table holds
    add column request_id uuid,
    add constraint of_a_request foreign key (organization_id, request_id) references access_requests (organization_id, id),
    drop constraint release_takes_two,
    add constraint release_takes_two check (released_by is null or request_id is not null or release_asked_by is not null and released_by <> release_asked_by),
    add constraint only_access_requests check (request_id is null or kind = 'access_request');
create unique index holds_of_requests on holds (organization_id, request_id) where request_id is not null;
