-- Erasures: of a file, of what a person's files are, of an organization. The rows are ids, sizes
-- and hashes: they stay when everything else of what was erased is gone. What is erased is not
-- referred to by a key. The erasure of an organization is a row of the platform, which outlives it.
create table erasures (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    scope           text not null check (scope in ('file', 'person', 'organization')),
    target_id       uuid not null,
    basis           text not null check (basis in ('parent_request', 'student_request', 'consent_withdrawn', 'school_directive', 'contract_end')),
    reference       text not null default '' check (length(reference) <= 200), -- of the request, in the files of the school; names no one
    state           text not null default 'planned' check (state in ('planned', 'erasing', 'blocked', 'verifying', 'certified')),
    hold_id         uuid,             -- of a blocked one: a hold that it waits for
    exports         bigint not null default 0 check (exports >= 0), -- copies of the organization that were removed with it
    requested_by    uuid references users (id), -- null: the platform
    requested_at    timestamptz not null default now(),
    woken_at        timestamptz,      -- its workflow was started last
    updated_at      timestamptz not null default now(),
    certified_at    timestamptz,
    certificate     jsonb,
    primary key (organization_id, id),
    constraint certified_has_certificate check ((state = 'certified') = (certificate is not null) and (certificate is null) = (certified_at is null)),
    constraint blocked_by_a_hold check ((state = 'blocked') = (hold_id is not null))
);
create index erasures_open on erasures (id) where state <> 'certified';
-- One of the same thing at a time.
create unique index erasures_once on erasures (organization_id, scope, target_id) where state <> 'certified';

-- Each version, and how far it is: planned; ended (its row says that it is deleted, so no hold
-- covered it); destroyed (its data key is gone); purged (its objects and rows are gone); verified
-- (nothing of it lists). A kept one is not erased, for a reason; a blocked one waits for a hold.
create table erasure_items (
    organization_id uuid not null,
    erasure_id      uuid not null,
    version_id      uuid not null,
    file_id         uuid not null,
    size            bigint not null check (size >= 0),
    sha256          text not null default '' check (sha256 ~ '^([0-9a-f]{64})?$'),
    state           text not null default 'planned' check (state in ('planned', 'blocked', 'kept', 'ended', 'destroyed', 'purged', 'verified')),
    reason          text not null default '' check (reason in ('', 'other_people', 'sent_to_a_file_of_others', 'kept_until')),
    hold_id         uuid,
    encrypted       boolean not null default false, -- it had a data key, which was destroyed
    updated_at      timestamptz not null default now(),
    primary key (organization_id, erasure_id, version_id),
    foreign key (organization_id, erasure_id) references erasures (organization_id, id) on delete cascade,
    constraint kept_for_a_reason check ((state = 'kept') = (reason <> '')),
    constraint blocked_by_a_hold check ((state = 'blocked') = (hold_id is not null))
);
create index erasure_items_by_state on erasure_items (organization_id, erasure_id, state, file_id);
