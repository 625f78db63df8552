-- Service accounts: members without a person behind them, whom API keys speak
-- for. They take no seat, and never own an organization or run the platform.
alter table members add column service boolean not null default false,
    add constraint service_is_bounded check (not service or role in ('admin', 'teacher', 'student'));

-- API keys. Only the SHA-256 of a key is kept, and its last characters so that
-- people recognize it. The key itself is 256 random bits, so a plain hash cannot
-- be searched for it. Rows stay when a key has ended: the audit log names them.
create table api_keys (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    user_id         uuid not null references users (id), -- the service account
    name            text not null check (length(name) between 1 and 100),
    role            text not null check (role in ('admin', 'teacher', 'student')),
    scopes          text[] not null check (cardinality(scopes) > 0),
    hash            bytea not null check (length(hash) = 32),
    last4           text not null check (length(last4) = 4),
    created_by      uuid not null references users (id),
    created_at      timestamptz not null default now(),
    expires_at      timestamptz not null check (expires_at <= created_at + interval '366 days'),
    last_used_at    timestamptz,
    revoked_at      timestamptz,
    replaced_by     uuid,
    primary key (organization_id, id),
    unique (organization_id, hash),
    foreign key (organization_id, replaced_by) references api_keys (organization_id, id)
);
-- Authentication asks by the hash alone, before it knows the organization.
create index api_keys_by_hash on api_keys (hash);

-- With its account a key ends, anyone who removed it.
create function app.service_gone() returns trigger language plpgsql as $$
begin
    update api_keys set revoked_at = now()
     where organization_id = old.organization_id and user_id = old.user_id and revoked_at is null and expires_at > now();
    return null;
end $$;
create trigger a_keys after delete on members for each row when (old.service) execute function app.service_gone();

-- Authentication asks whether any organization knows the origin of a page.
create index organizations_by_origin on organizations using gin (allowed_origins);
