-- Education records (34 CFR 99): what a file is where an officer said otherwise than its place
-- does, which students it is about, and to whom it was disclosed. All of it goes with the file:
-- 99.32(a)(2) keeps the record of disclosures for as long as the record itself.
create table record_classes (
    organization_id uuid not null,
    file_id         uuid not null,
    class           text not null check (class in ('education_record', 'directory_info', 'sole_possession_note', 'treatment', 'law_enforcement_unit', 'not_record')),
    reason          text not null check (length(reason) between 1 and 1000),
    decided_by      uuid not null references users (id),
    decided_at      timestamptz not null default now(),
    primary key (organization_id, file_id),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade
);

-- Students whom a file is about beside its subject.
create table record_students (
    organization_id uuid not null,
    file_id         uuid not null,
    student_id      uuid not null references users (id),
    primary key (organization_id, file_id, student_id),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade
);
create index record_students_by_student on record_students (organization_id, student_id, file_id);

-- Each disclosure of a record, and each request for one that was refused (99.32(a)(1), (3)).
create table disclosures (
    organization_id uuid not null,
    id              uuid not null,
    file_id         uuid not null,
    way             text not null check (way in ('link', 'outside_person', 'drop_box', 'webhook', 'export', 'connector', 'model')),
    outcome         text not null check (outcome in ('opened', 'disclosed', 'refused')), -- opened: a share was made, by which it can be had
    class           text not null check (length(class) <= 40), -- what the file was then
    rule            text not null default '' check (length(rule) <= 100), -- what refused it
    basis           text not null default '' check (basis ~ '^(99\.[0-9]{2}[a-zA-Z0-9()]{0,20})?$'),
    interest        text not null default '' check (length(interest) <= 500), -- the legitimate interest of the party
    party           text not null default '' check (length(party) <= 500), -- empty: the holder of a link
    share_id        uuid,
    recipient_id    uuid,
    actor_id        uuid references users (id), -- who of the organization made it; null: the party itself, by a share, or the platform
    -- Whether 99.32(d) asks for it. All are kept.
    recordable      boolean not null default true,
    slot            timestamptz, -- the same again within it is written once
    at              timestamptz not null default now(),
    primary key (organization_id, id),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade
);
create index disclosures_by_file on disclosures (organization_id, file_id, id desc);
create index disclosures_by_share on disclosures (organization_id, share_id) where share_id is not null;
create unique index disclosures_of_slots on disclosures
    (organization_id, file_id, way, outcome, rule, party, slot, coalesce(share_id, '00000000-0000-0000-0000-000000000000'), coalesce(recipient_id, '00000000-0000-0000-0000-000000000000'),
     coalesce(actor_id, '00000000-0000-0000-0000-000000000000')) where slot is not null;

-- The students of whom it told, as it was then.
create table disclosure_students (
    organization_id uuid not null,
    disclosure_id   uuid not null,
    student_id      uuid not null references users (id),
    primary key (organization_id, disclosure_id, student_id),
    foreign key (organization_id, disclosure_id) references disclosures (organization_id, id) on delete cascade
);
create index disclosure_students_by_student on disclosure_students (organization_id, student_id, disclosure_id desc);
