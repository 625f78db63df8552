-- The audit log: who did what to which thing, from where, and how it ended. event
-- is one canonical JSON object (RFC 8785); the other columns repeat parts of it
-- for filters and are set by the database. hash covers prev, seq and event, so
-- that changing or removing a row breaks the chain at that row.
create table audit_heads (
    organization_id uuid primary key references organizations (id),
    seq             bigint not null default 0,
    hash            bytea not null default decode(repeat('00', 32), 'hex') check (length(hash) = 32)
);

create table audit_events (
    organization_id uuid not null references organizations (id),
    seq             bigint not null,
    event           text not null check (length(event) <= 4000),
    hash            bytea not null check (length(hash) = 32),
    at              timestamptz not null,
    action          text not null,
    actor           text not null,
    object          text not null,
    object_id       text not null,
    result          text not null,
    primary key (organization_id, seq)
);
create index audit_events_by_action on audit_events (organization_id, action, seq desc);
create index audit_events_by_actor on audit_events (organization_id, actor, seq desc);
create index audit_events_by_object on audit_events (organization_id, object_id, seq desc);
create index audit_events_by_time on audit_events (organization_id, at desc, seq desc);
