-- The sweep looks every 30 seconds for ended versions that are not cleaned: few
-- rows among all, which must not be a scan of the table.
create index file_versions_uncleaned on file_versions (id)
    where cleaned_at is null and status not in ('uploading', 'processing', 'published', 'held');
