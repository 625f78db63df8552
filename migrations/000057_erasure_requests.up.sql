-- Requests of a guardian, or of a student of 18 or more, that the data of a student is erased
-- (16 CFR 312.6(a)(2)). The school decides, and its decision begins an erasure. What is here of a child by
-- a parent's consent alone does not wait for it: its erasure begins with the request, and has its id.
create table erasure_requests (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    student_id      uuid not null references users (id),
    requester_id    uuid not null references users (id),
    note            text not null default '' check (length(note) <= 1000), -- what they ask for, in their words
    state           text not null default 'received' check (state in ('received', 'accepted', 'refused', 'withdrawn')),
    received_at     timestamptz not null default now(),
    due_at          timestamptz not null default now() + interval '30 days',
    told            smallint not null default 0 check (told between 0 and 2), -- of the day by which it is due, as in migration 49
    erasure_id      uuid, -- which the decision began; not by a key: it may be restored later than this row
    reason          text not null default '' check (length(reason) <= 1000), -- of the decision
    ended_by        uuid references users (id),
    ended_at        timestamptz,
    primary key (organization_id, id),
    constraint over_by_someone check ((state = 'received') = (ended_by is null) and (ended_by is null) = (ended_at is null)),
    constraint accepted_begins_one check ((state = 'accepted') = (erasure_id is not null)),
    constraint refused_for_a_reason check (state <> 'refused' or reason <> ''),
    constraint decided_by_another check (state not in ('accepted', 'refused') or ended_by <> requester_id)
);
-- One about the same student by the same person at a time.
create unique index erasure_requests_once on erasure_requests (organization_id, student_id, requester_id) where state = 'received';
create index erasure_requests_by_erasure on erasure_requests (organization_id, erasure_id) where erasure_id is not null;
