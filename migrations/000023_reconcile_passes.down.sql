drop index exports_uncleaned;
alter table exports drop column cleaned_at;
drop index file_versions_uncleaned;
create index file_versions_uncleaned on file_versions (id)
    where cleaned_at is null and status not in ('uploading', 'processing', 'published', 'held');
drop table reconcile_passes;
