-- Documents that teachers let make from texts: what was asked for, its drafts, what models
-- answered, and the money.
alter table organization_policies
    add column generation            boolean not null default false,           -- an owner turns it on
    add column generation_providers  text[]  not null default '{extractive}',  -- of those that operators have set up
    add column generation_job_micro   bigint check (generation_job_micro >= 0),   -- millionths of the unit of money; null: the platform's bound
    add column generation_day_micro   bigint check (generation_day_micro >= 0),
    add column generation_month_micro bigint check (generation_month_micro >= 0);

-- Models of others are a feature of tiers; what needs none is everyone's.
update tiers set features = features || '{models}' where name in ('professional', 'enterprise');

create table generations (
    organization_id   uuid not null references organizations (id),
    id                uuid not null,                -- that of its operation too
    requested_by      uuid not null,
    kind              text not null check (kind in ('quiz', 'worksheet', 'lesson_plan', 'reading_passage', 'rubric', 'vocabulary')),
    language          text not null check (language in ('en', 'de')),
    level             text not null default '' check (level in ('', 'primary', 'lower_secondary', 'upper_secondary', 'adult')),
    items             integer not null check (items between 1 and 50),
    topic             text not null default '' check (length(topic) <= 200),
    file_id           uuid,                         -- the source; null: a topic, or the file is gone
    version_id        uuid,
    source_sha256     text not null default '',     -- of the version's bytes
    source_text       text not null default '' check (octet_length(source_text) <= 1048576), -- as it was when it was asked for; empty once it has ended
    provider          text not null check (provider ~ '^[a-z][a-z0-9_]{0,31}$'),
    model             text not null default '' check (length(model) <= 200),
    prompt_version    integer not null default 0,
    prompt_sha256     text not null default '',     -- of the prompt that the person saw; empty: it needed no look
    state             text not null default 'waiting' check (state in ('waiting', 'draft', 'approved', 'published', 'rejected', 'expired', 'failed', 'cancelled')),
    code              text not null default '',     -- why it failed
    revision          integer not null default 0 check (revision >= 0), -- the newest one; 0: none yet
    title             text not null default '',
    redactions        jsonb not null default '{}',  -- how many things of each kind the model was not given
    reserved_micro    bigint not null default 0 check (reserved_micro >= 0),
    spent_micro       bigint not null default 0 check (spent_micro >= 0),
    format            text not null default '',
    answers           boolean not null default false,
    result_file_id    uuid,
    result_version_id uuid,
    decided_by        uuid,
    decided_at        timestamptz,
    expires_at        timestamptz,                  -- of a draft
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    ended_at          timestamptz,
    primary key (organization_id, id),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete set null (file_id),
    constraint ended_has_time check ((state in ('waiting', 'draft', 'approved')) = (ended_at is null)),
    constraint draft_expires check (state <> 'draft' or expires_at is not null and revision > 0),
    constraint approved_has_result check (state not in ('approved', 'published') or result_version_id is not null and format <> ''),
    constraint ended_has_no_source check (ended_at is null or source_text = '')
);
create index generations_by_person on generations (organization_id, requested_by, id desc);
create index generations_by_file on generations (organization_id, file_id) where file_id is not null;
create index generations_open on generations (id) where ended_at is null;

-- What was made, and each change of it by a person.
create table generation_revisions (
    organization_id uuid not null,
    generation_id   uuid not null,
    number          integer not null check (number > 0),
    document        text not null check (octet_length(document) <= 1048576), -- canonical JSON
    made_by         uuid, -- null: by the provider
    created_at      timestamptz not null default now(),
    primary key (organization_id, generation_id, number),
    foreign key (organization_id, generation_id) references generations (organization_id, id) on delete cascade
);

-- What a model answered, kept before its step ends, so that a step that is tried again
-- pays nothing. It goes with the end of the generation.
create table generation_answers (
    organization_id uuid not null,
    generation_id   uuid not null,
    round           smallint not null check (round in (1, 2)),
    request_sha256  bytea not null check (length(request_sha256) = 32),
    finish          text not null check (finish in ('complete', 'cut_off', 'refused')),
    body            text not null,
    model           text not null default '',
    request_id      text not null default '',
    created_at      timestamptz not null default now(),
    primary key (organization_id, generation_id, round, request_sha256),
    foreign key (organization_id, generation_id) references generations (organization_id, id) on delete cascade
);

-- One line for each request to a model: what was set aside for it, and what it cost.
create table generation_charges (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    generation_id   uuid not null,
    round           smallint not null,
    day             date not null, -- UTC; its month is charged too
    reserved_micro  bigint not null check (reserved_micro >= 0),
    cost_micro      bigint check (cost_micro >= 0), -- null: not settled
    outcome         text not null default 'reserved' check (outcome in ('reserved', 'paid', 'unknown', 'free')),
    input_tokens    bigint not null default 0,
    output_tokens   bigint not null default 0,
    created_at      timestamptz not null default now(),
    settled_at      timestamptz,
    primary key (organization_id, id),
    constraint settled_has_cost check ((outcome = 'reserved') = (cost_micro is null) and (cost_micro is null) = (settled_at is null))
);
create index generation_charges_open on generation_charges (organization_id, generation_id) where outcome = 'reserved';

-- The sums of the charges, by day and by month. A request to a model is made only when
-- its reservation fits below both caps: the row of the month is locked first.
create table generation_spending (
    organization_id uuid not null references organizations (id),
    period          text not null check (period in ('day', 'month')),
    starts_on       date not null,
    reserved_micro  bigint not null default 0 check (reserved_micro >= 0),
    spent_micro     bigint not null default 0 check (spent_micro >= 0),
    calls           bigint not null default 0,
    input_tokens    bigint not null default 0,
    output_tokens   bigint not null default 0,
    primary key (organization_id, period, starts_on)
);
