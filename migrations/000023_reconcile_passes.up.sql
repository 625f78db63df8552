-- How far the check of each organization has come. A pass over an organization with
-- a million files takes several runs; without the cursor each run would begin again,
-- and organizations at the end of the list would never be checked.
create table reconcile_passes (
    organization_id uuid primary key references organizations (id),
    stage           text not null default '', -- where the pass goes on; empty at its beginning
    after_id        uuid not null default '00000000-0000-0000-0000-000000000000', -- the last version that was checked in that stage
    due_at          timestamptz not null default now(),
    completed_at    timestamptz, -- the end of the last complete pass
    updated_at      timestamptz not null default now()
);

-- A published version leaves objects in staging when its workflow ends between the
-- publication and the removal: the sweep looks for those too.
drop index file_versions_uncleaned;
create index file_versions_uncleaned on file_versions (id)
    where cleaned_at is null and status not in ('uploading', 'processing', 'held');

-- An export that ended leaves its objects when the removal behind it fails: the sweep
-- looks for those too.
alter table exports add column cleaned_at timestamptz; -- the objects of an export that ended are gone
create index exports_uncleaned on exports (id) where cleaned_at is null and state in ('failed', 'removed');
