-- What the cache is told of is a small part of the events.
create index organization_events_by_type on organization_events (organization_id, type, seq);

-- How far the cache in front of the content host was told of an organization's events.
create table edge_cursors (
    organization_id uuid primary key references organizations (id),
    position        bigint not null default 0 check (position >= 0), -- the number of the last event that it was told of
    updated_at      timestamptz not null default now()
);
