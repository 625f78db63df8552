-- Asking a parent for consent by mail (16 CFR 312.4, 312.5): what the parent is told, the
-- request with its state, and the links that answer it.

-- How long a parent has, and how long after the answer the second mail goes out.
alter table coppa_settings
    add column consent_days  integer not null default 14 check (consent_days between 3 and 30),
    add column confirm_hours integer not null default 24 check (confirm_hours between 1 and 168);

-- Versions of the direct notice, which are never changed. The body is JSON with a field for
-- each block that 312.4 asks for; one without a block is no row.
create table consent_notices (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    number          integer not null check (number > 0),
    language        text not null check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    body            text not null check (length(body) <= 60000),
    body_sha256     text not null,
    material        boolean not null, -- consents to an earlier version do not cover it
    published_by    uuid references users (id),
    published_at    timestamptz not null default now(),
    primary key (organization_id, id),
    constraint consent_notices_number unique (organization_id, number),
    constraint notice_is_hashed check (body_sha256 = encode(sha256(convert_to(body, 'UTF8')), 'hex')),
    constraint notice_has_every_block check (coalesce(
        length(btrim(body::jsonb ->> 'summary')) > 0 and length(btrim(body::jsonb ->> 'collected')) > 0 and length(btrim(body::jsonb ->> 'used')) > 0
        and length(btrim(body::jsonb ->> 'disclosed')) > 0 and jsonb_typeof(body::jsonb -> 'third_parties') = 'array'
        and length(btrim(body::jsonb ->> 'consent_required')) > 0 and body::jsonb ->> 'online_notice' like 'https://%'
        and length(btrim(body::jsonb ->> 'means')) > 0 and length(btrim(body::jsonb ->> 'contact_deleted')) > 0 and length(btrim(body::jsonb ->> 'rights')) > 0, false)),
    constraint third_parties_have_purpose check (not body::jsonb @? '$.third_parties[*] ? (!(@.name like_regex "\\S") || !(@.purpose like_regex "\\S"))')
);

-- A request for the consent of one guardian for one child. The address is sealed, is here for
-- consent alone, and goes with the end of the request.
create table consent_requests (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    child_id        uuid not null references users (id),
    guardian_id     uuid not null references users (id), -- a member, or a user made for this guardian
    state           text not null default 'required',    -- which there are, and what follows which: app.consent_transitions()
    method          text not null default 'email_plus' check (method in ('email_plus')),
    purpose         text not null default 'consent_only' check (purpose = 'consent_only'),
    contact_sealed  text,
    contact_hash    bytea check (length(contact_hash) = 32), -- keyed; counts mails to one address
    language        text not null default 'en' check (length(language) between 2 and 35),
    notice_id       uuid,
    grant_id        uuid,                                 -- the newest consent of this guardian
    scopes          text[] not null default '{}',
    reminders       smallint not null default 0 check (reminders between 0 and 2),
    mail_code       text not null default '',             -- why the last mail did not go out
    overruled       boolean not null default false,       -- to be told that another guardian's answer counts
    requested_by    uuid references users (id),
    created_at      timestamptz not null default now(),
    asked_at        timestamptz,                          -- a mail server took the notice
    answered_at     timestamptz,
    confirm_at      timestamptz,                          -- the second mail
    expires_at      timestamptz not null,
    ended_at        timestamptz,
    due_at          timestamptz,                          -- something is to be done; null: nothing is
    woken_at        timestamptz,                          -- the sweep last started its workflow
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    foreign key (organization_id, notice_id) references consent_notices (organization_id, id),
    foreign key (organization_id, grant_id) references consent_decisions (organization_id, id),
    constraint ended_keeps_no_address check ((state in ('denied', 'expired', 'revoked', 'aged_out', 'void')) = (ended_at is not null) and (ended_at is null or contact_sealed is null)),
    constraint asked_has_address check (state not in ('notice_pending', 'requested', 'provisional', 'granted') or contact_sealed is not null and contact_hash is not null and notice_id is not null),
    constraint provisional_is_confirmed_later check (state <> 'provisional' or confirm_at is not null),
    constraint granted_has_its_decision check (state <> 'granted' or grant_id is not null)
);
create unique index consent_requests_open on consent_requests (organization_id, child_id, guardian_id)
    where state not in ('denied', 'expired', 'revoked', 'aged_out', 'void');
create index consent_requests_due on consent_requests (id) where due_at is not null;
create index consent_requests_of_child on consent_requests (organization_id, child_id, id);
create index consent_requests_of_contact on consent_requests (organization_id, contact_hash, created_at);

-- Links in mails. Of the 256 random bits of one only the SHA-256 is here; it is used once.
create table consent_tokens (
    organization_id uuid not null,
    id              uuid not null,
    request_id      uuid not null,
    purpose         text not null check (purpose in ('answer', 'withdraw')),
    notice_id       uuid, -- what the mail showed; an answer is to this version
    token_hash      bytea not null check (length(token_hash) = 32),
    mail            text not null check (mail in ('notice', 'reminder', 'confirm', 'overruled', 'page')),
    expires_at      timestamptz, -- null: a consent may be withdrawn at any time
    used_at         timestamptz,
    decision_id     uuid,                             -- what was answered by this link
    network         text check (length(network) <= 50), -- from where: the first 24 bits of an address, or 48 of IPv6
    agent           text check (length(agent) <= 100),  -- by which browser, cut off
    created_at      timestamptz not null default now(),
    primary key (organization_id, id),
    foreign key (organization_id, decision_id) references consent_decisions (organization_id, id),
    foreign key (organization_id, request_id) references consent_requests (organization_id, id) on delete cascade,
    foreign key (organization_id, notice_id) references consent_notices (organization_id, id)
);
create index consent_tokens_hash on consent_tokens (token_hash);
create index consent_tokens_of_request on consent_tokens (organization_id, request_id, created_at);
