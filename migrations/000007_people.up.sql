-- Invitations and guardianships, and what lists of members are read by.
create index members_by_role on members (organization_id, role, user_id);

-- An invitation keeps the address for as long as it is open and no longer. The
-- token itself is nowhere: anyone who holds the mail has it, the row has its hash.
create table invitations (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    email           text check (length(email) between 3 and 254),
    role            text not null check (role in ('owner', 'admin', 'teacher', 'student', 'parent')),
    state           text not null default 'pending' check (state in ('pending', 'accepted', 'declined', 'revoked', 'expired')),
    delivery        text not null default 'queued' check (delivery in ('queued', 'sent', 'failed')),
    delivery_code   text not null default '',
    attempts        integer not null default 0 check (attempts >= 0),
    token_hash      bytea check (length(token_hash) = 32),
    invited_by      uuid references users (id), -- null: the platform, when it made the organization
    accepted_by     uuid references users (id),
    started_at      timestamptz,                -- its workflow is known to have begun
    sent_at         timestamptz,
    expires_at      timestamptz not null,
    ended_at        timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    constraint ended_keeps_nothing check (case state when 'pending' then email is not null and ended_at is null
                                               else email is null and token_hash is null and ended_at is not null end)
);
create unique index invitations_open on invitations (organization_id, lower(email)) where state = 'pending';
create index invitations_by_token on invitations (token_hash) where token_hash is not null;
create index invitations_pending on invitations (updated_at) where state = 'pending';

-- Whose files a parent may read. The link goes with either membership.
create table guardianships (
    organization_id uuid not null references organizations (id),
    parent_id       uuid not null,
    student_id      uuid not null,
    created_by      uuid not null references users (id),
    created_at      timestamptz not null default now(),
    primary key (organization_id, parent_id, student_id),
    foreign key (organization_id, parent_id) references members (organization_id, user_id) on delete cascade,
    foreign key (organization_id, student_id) references members (organization_id, user_id) on delete cascade,
    check (parent_id <> student_id)
);
create index guardianships_by_student on guardianships (organization_id, student_id);
