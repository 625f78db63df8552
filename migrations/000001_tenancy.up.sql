-- Organizations, people and memberships, and the function that says which
-- organization the current transaction speaks for.
create schema app;

-- A fresh connection has no setting and a reused one holds '': both mean "no
-- organization", which compares as null and so matches no row.
create function app.org() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('app.current_org_id', true), '')::uuid $$;

create table organizations (
    id         uuid primary key,
    slug       text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name       text not null check (length(name) between 1 and 200),
    tier       text not null default 'free',
    status     text not null default 'active' check (status in ('provisioning', 'active', 'suspended', 'deleting')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

-- A person is who an issuer says they are. No name or address is kept here.
create table users (
    id         uuid primary key,
    issuer     text not null,
    subject    text not null,
    created_at timestamptz not null default now(),
    unique (issuer, subject)
);

create table members (
    organization_id uuid not null references organizations (id),
    user_id         uuid not null references users (id),
    role            text not null check (role in ('owner', 'admin', 'teacher', 'student', 'parent', 'operator')),
    created_at      timestamptz not null default now(),
    primary key (organization_id, user_id)
);
create index members_by_user on members (user_id);

insert into organizations (id, slug, name, tier)
values ('00000000-0000-7000-8000-000000000000', 'platform', 'Platform operators', 'platform');
