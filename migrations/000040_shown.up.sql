-- The size and the media type of the version that a file answers with, in the file's own row:
-- an order or a filter by one of them would otherwise read the versions of a whole space,
-- because no index spans two tables. Triggers keep them (policies/rls/tables/file_versions.sql).
alter table files
    add column shown_size bigint not null default 0,
    add column shown_type text collate "C" not null default '';
alter table files no force row level security; -- the owner's update would find no row
alter table file_versions no force row level security;
update files f set shown_size = v.size, shown_type = v.mime_type
  from file_versions v
 where v.organization_id = f.organization_id and v.id = case when f.current_id is null then f.head_id else f.current_id end;
alter table files force row level security;
alter table file_versions force row level security;

-- By space, because a person's list is put together from their spaces. A list of the trash
-- and one of a folder sort what they find: they are short, and each index is written with
-- every new version.
create index files_by_size on files (organization_id, space_id, shown_size, id) where trashed_at is null;
create index files_by_kind on files (organization_id, space_id, shown_type, id) where trashed_at is null;

-- What a cache in front of the content host gave, fetched and was told, by day.
alter table usage_counters drop constraint usage_counters_metric_check;
alter table usage_counters add constraint usage_counters_metric_check check (metric in ('bytes_out', 'downloads',
    'edge_answers', 'edge_bytes', 'edge_fetches', 'edge_fetched_bytes', 'edge_purges', 'edge_purge_ms', 'edge_purges_slow'));

-- Which organizations have something locked away, without a look at those that have nothing.
create index file_versions_locked on file_versions (organization_id) where status in ('quarantined', 'held');
