-- What experiences of Roblox say about those who play them, by day: how far people are in
-- what the organization named, and how much the experience is used. Sums alone, no person.
alter table roblox_connections
    add column progress    text[] not null default '{}' check (cardinality(progress) <= 50), -- names of what is counted; scopes of the ordered data store
    add column told_unsure integer not null default 0 check (told_unsure >= 0);              -- how many unsure assets owners and admins were told of

create table roblox_figures (
    organization_id uuid not null,
    connection_id   uuid not null,
    kind            text not null check (kind in ('progress', 'usage')),
    name            text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$'),
    day             date not null, -- UTC
    numbers         jsonb not null,
    read_at         timestamptz not null default now(),
    primary key (organization_id, connection_id, kind, name, day),
    foreign key (organization_id, connection_id) references roblox_connections (organization_id, id) on delete cascade
);

-- Operators narrow the jobs of all organizations by queue and priority.
create index operations_all_by_queue on operations (queue, created_at desc, id desc);
create index operations_all_by_priority on operations (priority, created_at desc, id desc);

-- Generations that ended long ago are deleted.
create index generations_old on generations (ended_at) where ended_at is not null;
