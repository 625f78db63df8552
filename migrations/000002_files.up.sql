-- Files, their versions, the uploads that bring the bytes, and the quota.
-- Every key leads with organization_id and every reference is composite, so
-- that no row can point at, or block the deletion of, another organization's.

create table storage_quotas (
    organization_id uuid primary key references organizations (id),
    max_bytes       bigint not null check (max_bytes >= 0),
    max_file_size   bigint not null check (max_file_size > 0),
    used_bytes      bigint not null default 0 check (used_bytes >= 0),
    reserved_bytes  bigint not null default 0 check (reserved_bytes >= 0),
    updated_at      timestamptz not null default now()
);

create type file_status as enum
    ('uploading', 'processing', 'published', 'quarantined', 'held', 'rejected', 'failed', 'expired', 'deleted');

create table files (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    name            text not null check (length(name) between 1 and 255),
    description     text not null default '' check (length(description) <= 2000),
    category        text not null default '' check (length(category) <= 100),
    uploaded_by     uuid not null references users (id),
    -- The three below follow the versions, by trigger.
    status          file_status not null default 'uploading',
    head_id         uuid,            -- the newest version, whatever became of it
    current_id      uuid,            -- the newest published version: what a download gives
    event_seq       bigint not null default 0,
    trashed_at      timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id)
);
-- Lists are read by keyset, newest first, with and without a filter.
create index files_by_status on files (organization_id, status, id desc);
create index files_by_owner on files (organization_id, uploaded_by, id desc);
create index files_by_name on files (organization_id, name, id);
create index files_trashed on files (organization_id, trashed_at) where trashed_at is not null;

create table file_versions (
    organization_id    uuid not null,
    id                 uuid not null,
    file_id            uuid not null,
    number             integer not null check (number > 0),
    status             file_status not null default 'uploading',
    status_reason      text not null default '',
    change_description text not null default '' check (length(change_description) <= 2000),
    size               bigint not null check (size >= 0),
    claimed_type       text not null default '',
    claimed_sha256     text not null default '' check (claimed_sha256 ~ '^([0-9a-f]{64})?$'),
    mime_type          text not null default '',
    sha256             text not null default '' check (sha256 ~ '^([0-9a-f]{64})?$'),
    staging_etag       text not null default '',
    object_etag        text not null default '',
    scan_verdict       text not null default '' check (scan_verdict in ('', 'clean', 'infected', 'unscannable')),
    scan_signature     text not null default '',
    scan_engine        text not null default '',
    scan_database      text not null default '',
    scan_sha256        text not null default '',
    scanned_at         timestamptz,
    contains_pii       boolean,
    preview            text not null default '' check (preview in ('', 'ready', 'unavailable', 'none')),
    width              integer,
    height             integer,
    reserved_bytes     bigint not null default 0 check (reserved_bytes >= 0),
    used_bytes         bigint not null default 0 check (used_bytes >= 0),
    uploaded_by        uuid not null references users (id),
    received_at        timestamptz,
    started_at         timestamptz,
    published_at       timestamptz,
    cleaned_at         timestamptz, -- objects of a version that will never be published are gone
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, file_id, number),
    foreign key (organization_id, file_id) references files (organization_id, id),
    constraint published_is_clean check (status <> 'published' or
        (scan_verdict = 'clean' and scan_sha256 = sha256 and sha256 <> '' and scanned_at <= published_at and object_etag <> ''))
);
create index file_versions_open on file_versions (status, updated_at) where status in ('uploading', 'processing');
-- The line in front of the pipeline, and how many of an organization are in it.
create index file_versions_line on file_versions (organization_id, received_at, id) where status = 'processing' and started_at is null;
create index file_versions_started on file_versions (organization_id) where status = 'processing' and started_at is not null;

create table renditions (
    organization_id uuid not null,
    version_id      uuid not null,
    name            text not null,
    mime_type       text not null,
    width           integer not null,
    height          integer not null,
    size            bigint not null,
    etag            text not null,
    primary key (organization_id, version_id, name),
    foreign key (organization_id, version_id) references file_versions (organization_id, id) on delete cascade
);

create table version_steps (
    organization_id uuid not null,
    version_id      uuid not null,
    name            text not null,
    state           text not null check (state in ('running', 'done', 'failed', 'skipped')),
    attempt         integer not null default 1,
    started_at      timestamptz not null default now(),
    ended_at        timestamptz,
    primary key (organization_id, version_id, name),
    foreign key (organization_id, version_id) references file_versions (organization_id, id) on delete cascade
);

-- What happened to a file, in the order in which it was committed: the file's
-- row is locked while its next number is taken. Server-sent events and
-- webhooks read it.
create table file_events (
    organization_id uuid not null,
    file_id         uuid not null,
    seq             bigint not null,
    type            text not null,
    data            jsonb not null,
    created_at      timestamptz not null default now(),
    primary key (organization_id, file_id, seq),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade
);

-- An upload in progress. Its bytes lie in the staging bucket: whole parts of an
-- S3 multipart upload, and a tail shorter than a part. sha_state is the running
-- hash over the first offset_bytes bytes, so that it survives a restart.
create table uploads (
    organization_id uuid not null,
    id              uuid not null,
    version_id      uuid not null,
    size            bigint not null check (size >= 0),
    offset_bytes    bigint not null default 0 check (offset_bytes between 0 and size),
    s3_upload_id    text not null default '',
    tail_bytes      bigint not null default 0 check (tail_bytes >= 0),
    sha_state       bytea,
    metadata        jsonb not null default '{}',
    lease_holder    text not null default '',
    lease_until     timestamptz not null default '-infinity',
    lease_wanted    boolean not null default false,
    expires_at      timestamptz not null,
    finished_at     timestamptz,
    created_at      timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, version_id),
    foreign key (organization_id, version_id) references file_versions (organization_id, id) on delete cascade
);
create index uploads_by_expiry on uploads (expires_at) where finished_at is null;

create table upload_parts (
    organization_id uuid not null,
    upload_id       uuid not null,
    number          integer not null check (number between 1 and 10000),
    size            bigint not null check (size > 0),
    etag            text not null,
    primary key (organization_id, upload_id, number),
    foreign key (organization_id, upload_id) references uploads (organization_id, id) on delete cascade
);

-- Triggers run in the order of their names. The file's row is always locked
-- before the quota's, here and in every statement of the application, so that
-- two transactions cannot wait for each other.

create function app.version_follow() returns trigger language plpgsql as $$
begin
    update files f set
        head_id = v.head, current_id = v.current, updated_at = now(),
        status = case when f.trashed_at is not null then 'deleted'
                      when v.current is not null then 'published'
                      else v.head_status end
      from (select (array_agg(id order by number desc))[1] head,
                   (array_agg(status order by number desc))[1] head_status,
                   (array_agg(id order by number desc) filter (where status = 'published'))[1] current
              from file_versions
             where organization_id = new.organization_id and file_id = new.file_id) v
     where f.organization_id = new.organization_id and f.id = new.file_id;
    return null;
end $$;
create trigger a_follow after insert or update of status on file_versions
    for each row execute function app.version_follow();

create function app.event(org uuid, file uuid, type text, data jsonb) returns void language plpgsql as $$
declare n bigint;
begin
    update files set event_seq = event_seq + 1 where organization_id = org and id = file returning event_seq into n;
    insert into file_events (organization_id, file_id, seq, type, data) values (org, file, n, type, data);
    perform pg_notify('file_events', org || '/' || file);
end $$;

create function app.version_event() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' or new.status <> old.status then
        perform app.event(new.organization_id, new.file_id, 'status',
            jsonb_build_object('version', new.number, 'status', new.status, 'status_reason', new.status_reason));
    end if;
    return null;
end $$;
create trigger b_event after insert or update of status on file_versions
    for each row execute function app.version_event();

create function app.version_quota() returns trigger language plpgsql as $$
declare
    reserved bigint := coalesce(new.reserved_bytes, 0) - coalesce(old.reserved_bytes, 0);
    used     bigint := coalesce(new.used_bytes, 0) - coalesce(old.used_bytes, 0);
    org      uuid   := coalesce(new.organization_id, old.organization_id);
begin
    if reserved = 0 and used = 0 then return null; end if;
    -- Only growth is refused: an organization above a lowered limit can still
    -- settle, shrink and delete.
    update storage_quotas set reserved_bytes = reserved_bytes + reserved, used_bytes = used_bytes + used, updated_at = now()
     where organization_id = org
       and (reserved + used <= 0 or used_bytes + reserved_bytes + used + reserved <= max_bytes);
    if not found then
        raise exception 'no room for % bytes', reserved + used using errcode = 'SQ001';
    end if;
    return null;
end $$;
create trigger c_quota after insert or delete or update of reserved_bytes, used_bytes on file_versions
    for each row execute function app.version_quota();

create function app.step_event() returns trigger language plpgsql as $$
declare v file_versions;
begin
    select * into v from file_versions where organization_id = new.organization_id and id = new.version_id;
    perform app.event(new.organization_id, v.file_id, 'step', jsonb_build_object(
        'version', v.number, 'name', new.name, 'state', new.state, 'attempt', new.attempt));
    return null;
end $$;
create trigger a_event after insert or update on version_steps
    for each row execute function app.step_event();

-- A version as people see it: with its file, its renditions and its steps.
-- shown_id is the version that a file answers with when none is named: the
-- newest published one, else the newest.
create view version_view with (security_invoker = true) as
select f.organization_id, f.id as file_id, f.name, f.description, f.category, f.status as file_status,
       f.uploaded_by as owner_id, f.trashed_at, f.created_at, f.updated_at,
       coalesce(f.current_id, f.head_id) as shown_id, f.current_id, f.head_id, f.event_seq,
       v.id as version_id, v.number, v.status, v.status_reason, v.change_description, v.size, v.mime_type, v.sha256,
       v.scan_verdict, v.scan_signature, v.scan_engine, v.scan_database, v.scanned_at, v.contains_pii,
       v.preview, v.width, v.height, v.object_etag, v.uploaded_by, v.published_at, v.created_at as version_created_at,
       (select coalesce(jsonb_agg(jsonb_build_object('name', r.name, 'mime_type', r.mime_type, 'width', r.width, 'height', r.height, 'size', r.size)
                                  order by r.width, r.name), '[]')
          from renditions r where r.organization_id = v.organization_id and r.version_id = v.id)::jsonb as renditions,
       (select coalesce(jsonb_agg(jsonb_build_object('name', s.name, 'state', s.state, 'attempt', s.attempt,
                                                     'started_at', s.started_at, 'ended_at', s.ended_at) order by s.started_at, s.name), '[]')
          from version_steps s where s.organization_id = v.organization_id and s.version_id = v.id)::jsonb as steps
  from files f join file_versions v on v.organization_id = f.organization_id and v.file_id = f.id;
