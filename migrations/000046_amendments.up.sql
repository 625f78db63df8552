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

-- Consents of a parent, or of a student of 18, to a disclosure to a third party (34 CFR 99.30):
-- which records, for what, to whom, signed and dated. The school writes one; it counts from its
-- signature on until it ends or is revoked. What was signed is not changed.
create table disclosure_consents (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    student_id      uuid not null references users (id),
    file_ids        uuid[] not null check (cardinality(file_ids) between 1 and 200), -- the records; not by a key: the consent is the evidence of a disclosure, and stays
    purpose         text not null check (length(purpose) between 1 and 1000),
    party           text not null check (length(party) between 1 and 200),
    party_email     text not null check (length(party_email) between 3 and 320), -- whom a share may reach by it
    requested_by    uuid not null references users (id),
    requested_at    timestamptz not null default now(),
    expires_at      timestamptz not null,
    signer_id       uuid references users (id), -- null: on paper, by who has no account
    signer_name     text not null default '' check (length(signer_name) <= 200), -- as signed
    method          text not null default '' check (method in ('', 'account', 'paper')), -- 99.30(d): how the signer is identified and authenticated
    evidence_file_id uuid, -- the signed form
    evidence_sha256 text check (evidence_sha256 ~ '^[0-9a-f]{64}$'),
    signed_at       timestamptz,
    recorded_by     uuid references users (id),
    content_sha256  text check (content_sha256 ~ '^[0-9a-f]{64}$'), -- of what was signed
    revoked_by      uuid references users (id),
    revoked_at      timestamptz,
    primary key (organization_id, id),
    constraint a_year_at_most check (expires_at > requested_at and expires_at <= requested_at + interval '366 days'),
    constraint signed_by_someone check ((signed_at is null) = (method = '') and (signed_at is null) = (signer_name = '') and (signed_at is null) = (recorded_by is null)
        and (signed_at is null) = (content_sha256 is null)),
    constraint signed_in_person check (method <> 'account' or signer_id = recorded_by),
    constraint paper_has_its_form check ((method = 'paper') = (evidence_file_id is not null and evidence_sha256 is not null)),
    constraint revoked_by_someone check ((revoked_at is null) = (revoked_by is null))
);
create index disclosure_consents_of_students on disclosure_consents (organization_id, student_id, id desc);

-- The consent on which a share gives a record (disclosure_basis 99.30).
alter table shares
    add column disclosure_consent uuid,
    -- The other way is not asked: a share that is here with the basis and without a consent shows nothing.
    add constraint consent_of_its_basis check (disclosure_consent is null or disclosure_basis = '99.30'),
    add constraint by_a_consent foreign key (organization_id, disclosure_consent) references disclosure_consents (organization_id, id);

-- What was read by break-glass is reviewed: an owner says afterwards whether the reason was one
-- (34 CFR 99.31(a)(1)(ii): reasonable methods). A trigger on space_grants adds the row.
create table break_glass_reviews (
    organization_id uuid not null,
    grant_id        uuid not null,
    due_at          timestamptz not null default now() + interval '7 days',
    told            integer not null default 0 check (told in (0, 3, 7)), -- the last day of which owners were told
    decision        text not null default '' check (decision in ('', 'justified', 'not_justified')),
    note            text not null default '' check (length(note) <= 1000),
    reviewed_by     uuid references users (id),
    reviewed_at     timestamptz,
    primary key (organization_id, grant_id),
    foreign key (organization_id, grant_id) references space_grants (organization_id, id) on delete cascade,
    constraint reviewed_by_someone check ((decision = '') = (reviewed_by is null) and (reviewed_by is null) = (reviewed_at is null)),
    constraint not_justified_for_a_reason check (decision <> 'not_justified' or note <> '')
);
create index break_glass_reviews_waiting on break_glass_reviews (grant_id) where decision = '';
-- What was before waits too. The owner of the schema is bound by the rules of tables.
alter table space_grants no force row level security;
insert into break_glass_reviews (organization_id, grant_id) select g.organization_id, g.id from space_grants g where g.via = 'breakglass';
alter table space_grants force row level security;

