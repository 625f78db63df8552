-- People, and what a school tells about them: how they sign in, their classes.

-- A way to sign in: who an issuer says a person is. A person has several, and
-- exists before the first. The user that was made for a login is its own; a login
-- that was linked to a person whom a roster brought stands for that user as well,
-- of one organization each.
create table logins (
    issuer     text not null check (length(issuer) between 1 and 500),
    subject    text not null check (length(subject) between 1 and 255),
    user_id    uuid not null references users (id),
    own        boolean not null default false, -- the user was made for this login
    linked_via text not null default 'first' check (linked_via in ('first', 'claim', 'verified', 'invitation', 'admin')),
    linked_by  uuid references users (id), -- the admin who linked it; null: a rule did
    linked_at  timestamptz not null default now(),
    primary key (issuer, subject, user_id)
);
create unique index logins_own on logins (issuer, subject) where own;
create index logins_by_user on logins (user_id);
insert into logins (issuer, subject, user_id, own, linked_at) select issuer, subject, id, true, created_at from users;
alter table users drop column issuer, drop column subject;

-- An auditor reads the audit log and reports, and no files.
alter table members drop constraint members_role_check;
alter table members add constraint members_role_check check (role in ('owner', 'admin', 'teacher', 'student', 'parent', 'auditor', 'operator'));
alter table invitations drop constraint invitations_role_check;
alter table invitations add constraint invitations_role_check check (role in ('owner', 'admin', 'teacher', 'student', 'parent', 'auditor'));

-- Where rosters come from. A source is one writer: what it brought, only it removes.
create table roster_sources (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    name            text not null check (length(name) between 1 and 200),
    kind            text not null default 'oneroster_csv' check (kind in ('oneroster_csv')),
    paused_until    timestamptz, -- a rollover: imports wait
    adds_only       boolean not null default false,
    created_by      uuid references users (id),
    created_at      timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, name)
);

-- What an organization knows of a person beyond their role: a name to show, and
-- where it comes from. Neither an address nor a user name is kept, only their keyed
-- hashes, by which a first sign-in finds its person. A person takes a seat with
-- their membership, at the first sign-in.
create table people (
    organization_id uuid not null references organizations (id),
    user_id         uuid not null references users (id),
    kind            text not null check (kind in ('student', 'staff', 'guardian')),
    display_name    text not null default '' check (length(display_name) <= 200),
    grade           text not null default '' check (length(grade) <= 50),
    source_id       uuid, -- null: made by hand
    sourced_id      text check (length(sourced_id) between 1 and 255),
    identifiers     text[] not null default '{}', -- that an issuer's claim may equal: identifier, userIds
    username_hash   bytea check (length(username_hash) = 32),
    email_hash      bytea check (length(email_hash) = 32),
    state           text not null default 'active' check (state in ('active', 'leaving', 'left')),
    since           timestamptz not null default now(),
    leaves_at       timestamptz, -- of who is leaving: the end of the membership
    thirteen_from   date,        -- the month in which the person is 13, if the organization keeps it
    adult_from      date,
    set_by_hand     text[] not null default '{}', -- columns that an import leaves as they are
    row_hash        bytea check (length(row_hash) = 32), -- of the row that was applied last
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, user_id),
    foreign key (organization_id, source_id) references roster_sources (organization_id, id),
    constraint sourced_has_id check ((source_id is null) = (sourced_id is null)),
    constraint leaving_ends check ((state = 'leaving') = (leaves_at is not null))
);
create unique index people_sourced on people (organization_id, source_id, sourced_id) where source_id is not null;
create index people_by_email on people (organization_id, email_hash) where email_hash is not null;
create index people_by_username on people (organization_id, username_hash) where username_hash is not null;
create index people_by_name on people (organization_id, display_name, user_id);
create index people_leaving on people (leaves_at) where state = 'leaving';

create table schools (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    name            text not null check (length(name) between 1 and 200),
    source_id       uuid,
    sourced_id      text check (length(sourced_id) between 1 and 255),
    row_hash        bytea check (length(row_hash) = 32),
    created_at      timestamptz not null default now(),
    primary key (organization_id, id),
    foreign key (organization_id, source_id) references roster_sources (organization_id, id),
    constraint sourced_has_id check ((source_id is null) = (sourced_id is null))
);
create unique index schools_sourced on schools (organization_id, source_id, sourced_id) where source_id is not null;

create table terms (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    title           text not null check (length(title) between 1 and 200),
    starts_on       date not null,
    ends_on         date not null, -- the first day after it
    source_id       uuid,
    sourced_id      text check (length(sourced_id) between 1 and 255),
    row_hash        bytea check (length(row_hash) = 32),
    primary key (organization_id, id),
    foreign key (organization_id, source_id) references roster_sources (organization_id, id),
    constraint sourced_has_id check ((source_id is null) = (sourced_id is null)),
    check (starts_on < ends_on)
);
create unique index terms_sourced on terms (organization_id, source_id, sourced_id) where source_id is not null;

create table classes (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    title           text not null check (length(title) between 1 and 200),
    code            text not null default '' check (length(code) <= 100),
    school_id       uuid,
    term_ids        uuid[] not null default '{}',
    state           text not null default 'active' check (state in ('active', 'archived')),
    source_id       uuid, -- null: made by hand
    sourced_id      text check (length(sourced_id) between 1 and 255),
    set_by_hand     text[] not null default '{}',
    row_hash        bytea check (length(row_hash) = 32),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    foreign key (organization_id, source_id) references roster_sources (organization_id, id),
    foreign key (organization_id, school_id) references schools (organization_id, id),
    constraint sourced_has_id check ((source_id is null) = (sourced_id is null))
);
create unique index classes_sourced on classes (organization_id, source_id, sourced_id) where source_id is not null;
create index classes_by_title on classes (organization_id, title, id);

-- Who is in a class, from when to when. A row that has ended stays, so that a
-- person who comes back has their place as before. One person may be there twice:
-- by a roster and by hand.
create table class_members (
    organization_id uuid not null references organizations (id),
    class_id        uuid not null,
    user_id         uuid not null references users (id),
    origin          text not null check (origin in ('roster', 'manual')),
    role            text not null check (role in ('student', 'teacher')),
    primary_teacher boolean not null default false,
    begins_at       timestamptz not null default '-infinity',
    ends_at         timestamptz not null default 'infinity',
    removed_by      uuid references users (id), -- by hand: an import does not bring the person back
    source_id       uuid,
    sourced_id      text check (length(sourced_id) between 1 and 255),
    row_hash        bytea check (length(row_hash) = 32),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, class_id, user_id, origin),
    foreign key (organization_id, class_id) references classes (organization_id, id) on delete cascade,
    foreign key (organization_id, source_id) references roster_sources (organization_id, id),
    constraint primary_teaches check (not primary_teacher or role = 'teacher')
);
create index class_members_by_user on class_members (organization_id, user_id);
create index class_members_sourced on class_members (organization_id, source_id, sourced_id) where source_id is not null;
