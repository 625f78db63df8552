-- Operations grow into jobs: where they wait, how often they were tried, why they failed.
alter table operations
    drop constraint operations_state_check,
    add constraint operations_state_check check (state in ('waiting', 'running', 'retrying', 'paused', 'succeeded', 'failed', 'cancelled')),
    add column queue        text not null default 'batch',
    add column priority     text not null default 'default' check (priority in ('high', 'default', 'low')),
    add column attempts     integer not null default 0 check (attempts >= 0), -- of the step that was tried last
    add column next_try_at  timestamptz,
    add column started_at   timestamptz,
    add column done         bigint not null default 0 check (done >= 0),
    add column total        bigint not null default 0 check (total >= 0),     -- 0: not known
    add column reason_class text not null default '' check (reason_class in ('', 'ours', 'theirs', 'input', 'limit', 'cancelled')),
    add column reason_code  text not null default '',
    add column cost_micro   bigint not null default 0 check (cost_micro >= 0), -- millionths of the unit of money
    add column target_type  text not null default '',
    add column target_id    uuid,
    add column rounds       integer not null default 0 check (rounds >= 0),    -- how often it was started again
    add column doubted_at   timestamptz;                                       -- the sweep found no workflow that does it

update operations set started_at = created_at;
update operations set reason_class = 'ours', reason_code = coalesce(error->>'code', '') where state = 'failed';
update operations set reason_class = 'cancelled' where state = 'cancelled';

-- What is open has no end: the indexes of the states that were one.
drop index operations_verification;
create unique index operations_verification on operations (organization_id) where kind = 'verify_audit_log' and ended_at is null;
drop index operations_changing;
create index operations_changing on operations (id) where kind = 'change_files' and ended_at is null;

-- A list narrows by one of these, newest first, and pages by the last row of a page.
create index operations_newest on operations (organization_id, created_at desc, id desc);
create index operations_by_state on operations (organization_id, state, created_at desc, id desc);
create index operations_by_kind on operations (organization_id, kind, created_at desc, id desc);
create index operations_by_kind_state on operations (organization_id, kind, state, created_at desc, id desc);
create index operations_by_queue on operations (organization_id, queue, created_at desc, id desc);
create index operations_by_priority on operations (organization_id, priority, created_at desc, id desc);
create index operations_by_requester on operations (organization_id, created_by, created_at desc, id desc);
create index operations_by_workflow on operations (organization_id, workflow_id);
-- The same of operators, across organizations.
create index operations_all on operations (created_at desc, id desc);
create index operations_all_by_state on operations (state, created_at desc, id desc);
create index operations_all_by_kind on operations (kind, created_at desc, id desc);
create index operations_open on operations (queue, created_at) where ended_at is null;
create index operations_failed on operations (ended_at desc) where state = 'failed';

-- The timeline of a job: each change of its state, its attempts, its reason or its priority.
create table operation_events (
    organization_id uuid not null,
    operation_id    uuid not null,
    n               integer not null check (n > 0),
    at              timestamptz not null default now(),
    state           text not null,
    attempt         integer not null default 0,
    code            text not null default '',
    priority        text not null default 'default',
    primary key (organization_id, operation_id, n),
    foreign key (organization_id, operation_id) references operations (organization_id, id) on delete cascade
);

-- How many jobs there are of each kind: kept by a trigger, so that a count of a million
-- rows reads a few. A count is the sum of its shards, of which each change takes one at
-- random: jobs that begin in the same moment do not wait for each other.
create table operation_counts (
    organization_id uuid not null references organizations (id),
    kind            text not null,
    state           text not null,
    queue           text not null,
    priority        text not null,
    shard           smallint not null,
    n               bigint not null,
    primary key (organization_id, kind, state, queue, priority, shard)
);
insert into operation_counts (organization_id, kind, state, queue, priority, shard, n)
select organization_id, kind, state, queue, priority, 0, count(*) from operations group by 1, 2, 3, 4, 5;
