-- What requests with an Idempotency-Key are making or have made. Of the answer
-- only its status is kept: bodies hold names, addresses and API keys, which have
-- no business in a second place. A repeated request is answered from the thing
-- itself, which the row names.
create table idempotency_keys (
    organization_id uuid not null references organizations (id), -- of the caller; the platform for people without one
    principal       bytea not null check (length(principal) = 32), -- SHA-256 of who is calling
    key_hash        bytea not null check (length(key_hash) = 32),
    fingerprint     bytea not null check (length(fingerprint) = 32), -- of the request
    new_id          uuid not null, -- of the thing that it makes
    holder          uuid not null, -- the try that is on its way, or was the last
    busy_until      timestamptz not null,
    status          smallint check (status between 200 and 299), -- of the answer; null until there is one
    created_at      timestamptz not null default now(),
    expires_at      timestamptz not null,
    primary key (organization_id, principal, key_hash)
);
create index idempotency_keys_by_expiry on idempotency_keys (expires_at);
