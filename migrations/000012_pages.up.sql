-- Pages of a document that were made when somebody asked for them. They are had by their
-- name and are not listed: a book would have a thousand.
alter table renditions add column on_demand boolean not null default false;

-- The sweep looks for what has no previews for want of a program.
create index file_versions_preview_absent on file_versions (id) where preview = 'not_available_here';
