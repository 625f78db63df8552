-- Long-running work that someone asked for and can look at: one row an
-- operation, written by its workflow. Rows outlive Temporal's history.
create table operations (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    kind            text not null,
    workflow_id     text not null,
    state           text not null default 'running' check (state in ('running', 'succeeded', 'failed', 'cancelled')),
    steps           jsonb not null default '[]',
    result          jsonb,
    error           jsonb,
    created_by      uuid references users (id),
    created_at      timestamptz not null default now(),
    ended_at        timestamptz,
    primary key (organization_id, id)
);
