-- What became of a version's previews, and what they tell of it.
alter table file_versions drop constraint file_versions_preview_check;
alter table file_versions
    add column preview_reason text not null default '', -- a code
    add column pages          integer check (pages > 0),
    add column duration_ms    bigint check (duration_ms > 0),
    add constraint file_versions_preview_check check (preview in ('', 'pending', 'ready', 'unavailable', 'not_available_here', 'none'));

-- The sweep looks for published versions whose previews did not come.
create index file_versions_preview_pending on file_versions (id) where preview = 'pending';
