-- Packages of rosters that are found in the inbox folder of the store.

alter table roster_sources add column pickup boolean not null default false; -- packages in the inbox folder are imported

-- A package that was seen in the inbox folder. The import of one that is taken has the
-- same id, so that none is imported twice.
create table roster_pickups (
    organization_id uuid not null,
    id              uuid not null,
    source_id       uuid not null,
    name            text not null, -- in the folder of the source
    etag            text not null,
    size            bigint not null check (size >= 0),
    state           text not null default 'seen' check (state in ('seen', 'taken', 'done', 'refused', 'replaced')),
    code            text,          -- why it is refused without an import
    moved_to        text,          -- the object's key, below the folder of the source
    seen_at         timestamptz not null default now(), -- with this size and ETag
    taken_at        timestamptz,
    ended_at        timestamptz,
    primary key (organization_id, id),
    foreign key (organization_id, source_id) references roster_sources (organization_id, id)
);
-- One object has one open row, whichever worker sees it.
create unique index roster_pickups_open on roster_pickups (organization_id, source_id, name) where state in ('seen', 'taken');
create index roster_pickups_ended on roster_pickups (organization_id, source_id, ended_at);

-- Texts that no program here could read are looked for again.
create index file_texts_not_available on file_texts (version_id) where state = 'not_available_here';

-- What a move of many files does with a name that the folder has already.
alter table bulk_changes add column on_conflict text not null default 'fail' check (on_conflict in ('fail', 'rename', 'skip'));
alter table bulk_items drop constraint bulk_items_result_check;
alter table bulk_items add constraint bulk_items_result_check check (result in ('pending', 'ok', 'refused', 'skipped'));

-- A name as searches fold it (app.fold): folding each name of a list again takes 13 µs.
-- name_folded is what makes names unique, and stays as it is.
alter table files add column name_sought text not null generated always as
    (replace(replace(replace(lower(upper(normalize(name, nfc) collate "und-x-icu") collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss'), U&'i\0307', 'i')) stored;
