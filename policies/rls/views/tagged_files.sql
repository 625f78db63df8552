-- Which file has which tag. Like version_view it belongs to satchel_views: the access rule
-- decides about the file, and its tags need none of their own. The rule of file_tags calls
-- a function for each row, which a list by tag would do for all files that have it.
create or replace view tagged_files as
select f.organization_id, f.id as file_id, t.tag_folded
  from files f join file_tags t on t.organization_id = f.organization_id and t.file_id = f.id;
alter view tagged_files owner to satchel_views;
revoke all on tagged_files from satchel_views;
grant select on tagged_files to satchel_app;
