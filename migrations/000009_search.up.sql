-- What searches read: the name of each file, and the text of its published version.
-- Both repeat the file's space, so that one index finds what is in a person's spaces;
-- triggers on files keep them (policies/rls/functions/search.sql).

-- Trigrams, and identifiers in the same index. Both are trusted extensions.
create schema ext;
create extension pg_trgm schema ext;
create extension btree_gin schema ext;

create table file_names (
    organization_id uuid not null references organizations (id),
    file_id         uuid not null,
    space_id        uuid not null,
    name            text not null,
    -- Full case folding, by way of capitals: ß is ss, a final ς is σ, İ and ı are i,
    -- and a ligature is its letters. app.fold folds what is searched.
    folded          text not null generated always as
        (replace(replace(replace(lower(upper(normalize(name, nfc) collate "und-x-icu") collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss'), U&'i\0307', 'i')) stored,
    primary key (organization_id, file_id),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade
);
-- A pending list would be read by every search.
create index file_names_search on file_names using gin (organization_id, space_id, folded ext.gin_trgm_ops) with (fastupdate = off);
create index file_names_newest on file_names (organization_id, space_id, file_id desc);

create table file_texts (
    organization_id uuid not null references organizations (id),
    file_id         uuid not null,
    version_id      uuid not null, -- the published version, whose text this is
    space_id        uuid not null,
    state           text not null default 'pending' check (state in ('pending', 'ready', 'none', 'unavailable', 'not_available_here')),
    reason          text not null default '', -- a code
    language        text not null default 'simple', -- a text search configuration
    title           text not null default '',
    body            text not null default '',
    lexemes         tsvector not null default '',
    asked_at        timestamptz, -- when the sweep last asked for it
    updated_at      timestamptz not null default now(),
    primary key (organization_id, file_id),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade,
    foreign key (organization_id, version_id) references file_versions (organization_id, id) on delete cascade
);
create index file_texts_search on file_texts using gin (organization_id, space_id, lexemes) with (fastupdate = off);
create index file_texts_newest on file_texts (organization_id, space_id, file_id desc) where state = 'ready';
create index file_texts_by_version on file_texts (organization_id, version_id);
-- In which languages an organization has texts: a search asks in each.
create index file_texts_languages on file_texts (organization_id, language) where state = 'ready';
create index file_texts_pending on file_texts (file_id) where state = 'pending';

-- What is there already is found by its name at once, and by its text when the sweep
-- has had it read.
insert into file_names (organization_id, file_id, space_id, name)
select organization_id, id, space_id, name from files where space_id is not null;
insert into file_texts (organization_id, file_id, version_id, space_id)
select organization_id, id, current_id, space_id from files where current_id is not null and space_id is not null;

-- The lists of a person: what they opened or changed last.
create table recents (
    organization_id uuid not null references organizations (id),
    user_id         uuid not null references users (id),
    file_id         uuid not null,
    used_at         timestamptz not null default now(),
    primary key (organization_id, user_id, file_id),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade
);
create index recents_latest on recents (organization_id, user_id, used_at desc, file_id desc);
create index recents_by_file on recents (organization_id, file_id);
