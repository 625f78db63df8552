-- What the cache in front of the content host is told apart from the events: what was given
-- up, and what an operator or the end of an organization asks for.
create table edge_purges (
    organization_id uuid not null references organizations (id),
    key             text not null check (key ~ '^[fosv]-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
    state           text not null default 'waiting' check (state in ('waiting', 'given_up')),
    since           timestamptz not null default now(), -- when it ended, or was asked for again
    primary key (organization_id, key)
);
create index edge_purges_by_state on edge_purges (state, organization_id);

-- For how many days the accesses by shares are kept. Null: for as long as the share.
alter table organization_policies add column share_access_days integer check (share_access_days between 30 and 3650);
create index share_accesses_by_age on share_accesses (organization_id, at);

-- A picture that was made before anyone asked for it, and that was not used yet. It does
-- not count as asked for.
alter table transformations add column warmed boolean not null default false;
