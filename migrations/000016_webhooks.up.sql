-- Every noun has events, and webhooks deliver them.

-- An event is written by the transaction of what it tells, without a number: a lock for
-- the number would be held until the commit, and two transactions that change several
-- files would wait for each other. Readers number what is committed (tenancy/events).
-- n is the order in which rows were written. Of one file it is the order of its commits,
-- because its row is locked while its event is written.
alter table organization_events
    drop constraint organization_events_pkey,
    alter column seq drop not null,
    add column n bigint not null generated always as identity,
    add constraint organization_events_pkey primary key (organization_id, n),
    add constraint organization_events_seq unique (organization_id, seq);
create index organization_events_unnumbered on organization_events (organization_id, n) where seq is null;

alter table tiers add column max_webhooks integer not null default 5 check (max_webhooks >= 0);
update tiers set max_webhooks = case name when 'free' then 1 when 'professional' then 20 when 'enterprise' then 100 else max_webhooks end;

-- Where an organization's events are sent. position is the number of the last event for
-- which it was decided whether it is delivered there.
create table webhooks (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    url             text not null check (length(url) between 1 and 2000),
    description     text not null default '' check (length(description) <= 200),
    types           text[] not null default '{}' check (cardinality(types) <= 50), -- such as file.published or file.*; none: all
    state           text not null default 'active' check (state in ('active', 'disabled')),
    disabled_code   text not null default '' check (disabled_code in ('', 'person', 'gone', 'failing')),
    disabled_at     timestamptz,
    position        bigint not null default 0 check (position >= 0),
    failing_since   timestamptz,                                -- the first failure since the last success
    failures        integer not null default 0 check (failures >= 0), -- since the last success
    open_at         timestamptz,                                -- of one that is down: when one delivery is tried
    turn            uuid,                                       -- the attempt of the activity that delivers; an older one writes nothing
    mail            text not null default 'none' check (mail in ('none', 'queued', 'sent', 'failed')),
    created_by      uuid not null references users (id),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    constraint disabled_has_reason check ((state = 'disabled') = (disabled_code <> '' and disabled_at is not null))
);

-- The secrets that sign, sealed with the key of SATCHEL_SECRETS_KEY. One that was
-- replaced signs beside its successor until it expires.
create table webhook_secrets (
    organization_id uuid not null,
    id              uuid not null,
    webhook_id      uuid not null,
    kind            text not null check (kind in ('hmac', 'ed25519')),
    sealed          text not null,
    public_key      text not null default '' check ((kind = 'ed25519') = (public_key <> '')),
    created_at      timestamptz not null default now(),
    expires_at      timestamptz,
    primary key (organization_id, id),
    foreign key (organization_id, webhook_id) references webhooks (organization_id, id) on delete cascade
);
create index webhook_secrets_by_webhook on webhook_secrets (organization_id, webhook_id);

-- One event on its way to one webhook. Events of one lane (a file, most often) are
-- delivered one after the other.
create table webhook_deliveries (
    organization_id uuid not null,
    id              uuid not null,
    webhook_id      uuid not null,
    event_id        uuid not null,
    seq             bigint not null,
    lane            uuid not null,
    type            text not null,
    state           text not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'withheld')), -- withheld: policies/disclosure lets it not leave
    code            text not null default '',  -- why the last attempt failed
    attempts        integer not null default 0 check (attempts >= 0),
    round           integer not null default 0 check (round >= 0), -- attempts since it was made or last replayed
    first_at        timestamptz,               -- the first attempt of that round; what fails for three days has failed
    next_at         timestamptz not null,
    ended_at        timestamptz,
    created_at      timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, webhook_id, event_id),
    foreign key (organization_id, webhook_id) references webhooks (organization_id, id) on delete cascade,
    foreign key (organization_id, event_id) references organization_events (organization_id, id),
    constraint ended_has_time check ((state = 'pending') = (ended_at is null))
);
create index webhook_deliveries_due on webhook_deliveries (organization_id, webhook_id, next_at, seq) where state = 'pending';
create index webhook_deliveries_lane on webhook_deliveries (organization_id, webhook_id, lane, seq) where state = 'pending';
create index webhook_deliveries_seq on webhook_deliveries (organization_id, webhook_id, seq);
create index webhook_deliveries_old on webhook_deliveries (organization_id, created_at);

-- What was sent and what came back, up to 16 KiB of each.
create table webhook_attempts (
    organization_id uuid not null,
    delivery_id     uuid not null,
    number          integer not null check (number > 0),
    at              timestamptz not null,
    took_ms         integer not null check (took_ms >= 0),
    status          integer not null default 0, -- of the answer; 0: none
    code            text not null default '',   -- empty: delivered
    request_body    text not null,
    response_body   text not null default '',
    primary key (organization_id, delivery_id, number),
    foreign key (organization_id, delivery_id) references webhook_deliveries (organization_id, id) on delete cascade
);
