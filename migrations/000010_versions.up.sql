-- Versions that a newer one replaced, and how many of them an organization keeps;
-- tags; changes of many files at once.

-- How many published versions of a file are kept, the shown one among them, and for
-- how long one that was replaced. Null: without a limit.
alter table organization_policies
    add column version_keep integer check (version_keep between 1 and 1000),
    add column version_days integer check (version_days between 1 and 3650);

alter table file_versions
    add column file_name     text not null default '', -- the file's name when this version was begun; empty: not kept
    add column superseded_at timestamptz;              -- since when a newer version is published; null: it is the shown one, or not published
update file_versions v set superseded_at = n.published_at
  from (select organization_id, id, lead(published_at) over (partition by organization_id, file_id order by number) as published_at
          from file_versions where status = 'published') n
 where n.organization_id = v.organization_id and n.id = v.id and n.published_at is not null;
-- Retention looks at these alone.
create index file_versions_superseded on file_versions (organization_id, id) where status = 'published' and superseded_at is not null;

-- The purge reads the trash of an organization in the order of ids, a page at a time.
create index files_trashed_by_id on files (organization_id, id) where trashed_at is not null;

-- Words by which people find files again. Two that differ in case alone are one.
create table file_tags (
    organization_id uuid not null references organizations (id),
    file_id         uuid not null,
    tag             text not null check (length(tag) between 1 and 50),
    tag_folded      text not null generated always as (replace(replace(lower(tag collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss')) stored,
    added_by        uuid not null references users (id),
    created_at      timestamptz not null default now(),
    primary key (organization_id, file_id, tag_folded),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade
);
create index file_tags_by_tag on file_tags (organization_id, tag_folded, file_id);

-- A change of many files that somebody asked for. Its id is the operation's. The rows
-- of its files say what became of each; a file may be gone, so they do not refer to it.
create table bulk_changes (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    action          text not null check (action in ('move', 'trash', 'restore', 'tag')),
    space_id        uuid,
    folder_id       uuid,
    add_tags        text[] not null default '{}',
    remove_tags     text[] not null default '{}',
    actor_id        uuid not null references users (id), -- for whom it runs
    key_id          uuid,                                -- the API key that asked
    created_at      timestamptz not null default now(),
    primary key (organization_id, id)
);
create index bulk_changes_by_age on bulk_changes (organization_id, created_at);

create table bulk_items (
    organization_id uuid not null,
    change_id       uuid not null,
    number          integer not null check (number between 1 and 1000), -- its place in the request
    file_id         uuid not null,
    result          text not null default 'pending' check (result in ('pending', 'ok', 'refused')),
    code            text not null default '', -- why it was refused
    detail          text not null default '', -- the same, for people
    ended_at        timestamptz,
    primary key (organization_id, change_id, number),
    unique (organization_id, change_id, file_id),
    foreign key (organization_id, change_id) references bulk_changes (organization_id, id) on delete cascade
);
create index bulk_items_pending on bulk_items (organization_id, change_id, number) where result = 'pending';

-- The sweep asks every 30 seconds for changes that have not ended.
create index operations_changing on operations (id) where kind = 'change_files' and state = 'running';
