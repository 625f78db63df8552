-- Notifications are sent: into the inbox, and by mail to who gave an address and
-- confirmed it.

-- What becomes of a notification. It is the outbox: it is written with what it tells,
-- and dispatched once.
alter table notifications
    add column dispatched_at timestamptz,
    add column hidden    boolean not null default false,  -- its person wants none of its kind in the inbox
    add column mail_id   uuid,                            -- the mail that tells of it
    add column mail_code text not null default '' check (mail_code ~ '^[a-z_]{0,64}$'); -- why there is none
create index notifications_waiting on notifications (organization_id, created_at) where dispatched_at is null;
create index notifications_old on notifications (organization_id, created_at);
create index notifications_by_mail on notifications (organization_id, mail_id) where mail_id is not null;

-- An address to which a person wants mail of one organization. It is used once the
-- person has entered the code that was mailed to it, and goes with the membership.
create table mail_addresses (
    organization_id uuid not null,
    id              uuid not null,
    user_id         uuid not null,
    address         text not null check (length(address) between 3 and 254),
    code_hash       bytea check (length(code_hash) = 32), -- of the newest mail
    code_expires_at timestamptz,
    attempts        integer not null default 0 check (attempts >= 0), -- wrong codes
    verified_at     timestamptz,
    created_at      timestamptz not null default now(),
    primary key (organization_id, id),
    foreign key (organization_id, user_id) references members (organization_id, user_id) on delete cascade,
    constraint verified_has_no_code check (verified_at is null or code_hash is null)
);
create unique index mail_addresses_verified on mail_addresses (organization_id, user_id) where verified_at is not null;
create unique index mail_addresses_pending on mail_addresses (organization_id, user_id) where verified_at is null;
create index mail_addresses_old on mail_addresses (organization_id, created_at) where verified_at is null;

-- Which kinds a person wants, by which channel and how soon. The kind * is all that
-- have no row of their own.
create table notification_preferences (
    organization_id uuid not null,
    user_id         uuid not null,
    kind            text not null check (kind ~ '^([a-z_]+(\.[a-z_]+)+|\*)$'),
    channel         text not null check (channel in ('inbox', 'mail')),
    cadence         text not null check (cadence in ('now', 'daily', 'weekly', 'never')),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, user_id, kind, channel),
    foreign key (organization_id, user_id) references members (organization_id, user_id) on delete cascade,
    constraint inbox_has_no_digest check (channel = 'mail' or cadence in ('now', 'never'))
);

-- How a person is written to. Empty: as the organization says.
create table notification_settings (
    organization_id uuid not null,
    user_id         uuid not null,
    language        text not null default '' check (language in ('', 'en', 'de')),
    time_zone       text not null default '' check (length(time_zone) <= 64),
    quiet_from      integer check (quiet_from between 0 and 1439), -- minutes of the day
    quiet_until     integer check (quiet_until between 0 and 1439),
    digest_hour     integer not null default 7 check (digest_hour between 0 and 23),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, user_id),
    foreign key (organization_id, user_id) references members (organization_id, user_id) on delete cascade,
    constraint quiet_has_both check ((quiet_from is null) = (quiet_until is null))
);

-- Addresses that get no mail, by their keyed hash: an address that bounced stays known
-- when its person is erased, and is not kept.
create table mail_suppressions (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    address_hash    bytea not null check (length(address_hash) = 32),
    reason          text not null check (reason in ('bounced', 'complained', 'by_hand')),
    status          text not null default '' check (status ~ '^[0-9.]{0,16}$'), -- RFC 3463
    soft            integer not null default 0 check (soft >= 0), -- temporary failures since soft_since
    soft_since      timestamptz,
    suppressed_at   timestamptz, -- null: failures are counted
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, address_hash)
);

-- One mail to one member: of one notification, a digest of several, or the code of an
-- address. What it says is written when it is sent, and not kept.
create table notification_mails (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    user_id         uuid not null references users (id),
    kind            text not null check (kind ~ '^[a-z_]+(\.[a-z_]+)+$'), -- of the notification, digest.daily, digest.weekly or address.confirm
    address_id      uuid,                                   -- of address.confirm
    state           text not null default 'queued' check (state in ('queued', 'sending', 'sent', 'failed', 'suppressed')),
    code            text not null default '' check (code ~ '^[a-z_]{0,64}$'),
    open            boolean not null default false,         -- a digest that takes more
    attempts        integer not null default 0 check (attempts >= 0),
    doubts          integer not null default 0 check (doubts >= 0), -- attempts after which the server may have taken it
    next_at         timestamptz not null,                   -- of one that is being sent: when its worker is taken for dead
    address_hash    bytea check (length(address_hash) = 32), -- to which it went
    bounce          text not null default '' check (bounce in ('', 'hard', 'soft', 'complaint')),
    created_at      timestamptz not null default now(),
    ended_at        timestamptz,
    primary key (organization_id, id),
    constraint ended_has_time check ((state in ('queued', 'sending')) = (ended_at is null)),
    constraint only_digests_are_open check (not open or kind in ('digest.daily', 'digest.weekly') and state = 'queued')
);
create index notification_mails_due on notification_mails (organization_id, next_at) where state in ('queued', 'sending');
create unique index notification_mails_open on notification_mails (organization_id, user_id, kind) where open;
create index notification_mails_by_id on notification_mails (id);
create index notification_mails_old on notification_mails (organization_id, created_at);

-- What the organization says about mail to its members.
alter table organization_policies
    add column mail_students boolean not null default false, -- students may have mail too
    add column mail_language text not null default 'en' check (mail_language in ('en', 'de')),
    add column time_zone     text not null default 'UTC' check (length(time_zone) between 1 and 64);
