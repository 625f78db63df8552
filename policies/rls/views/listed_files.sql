-- A file as lists show it: one row of files and one of file_versions, and nothing that is
-- put together from many rows but its tags. Like version_view it belongs to satchel_views,
-- and the access rule decides about the file, once. latest is what became of a newer
-- version than the one shown.
--
-- The version is chosen by case and not by coalesce, which Postgres does not hold for
-- leakproof: under a policy it would not use the index of versions for it. Columns that a
-- query does not name cost it nothing.
create or replace view listed_files as
select f.organization_id, f.id, f.name, f.name_sought, f.category, f.status as file_status, f.uploaded_by, f.trashed_at,
       f.created_at, f.updated_at, f.space_id, f.folder_id, f.needs, f.subject_id, f.handed_in_at,
       v.number,
       -- As in version_view: a file that is held for want of a consent is read by who administers the organization alone.
       (case when f.held_since is not null and v.status = 'published' and not (app.organization_wide() or app.is_admin()) then 'held'::file_status else v.status end)::file_status as status,
       (case when f.held_since is not null and v.status = 'published' then 'consent_required' else v.status_reason end)::text as status_reason, v.size, v.mime_type, v.preview, v.found_kind, v.expected_kind,
       case when v.preview = 'ready' then coalesce((select max(r.name) from renditions r
          where r.organization_id = v.organization_id and r.version_id = v.id and r.name in ('fit320.jpg', 'fit320.webp')), '') else '' end as thumbnail,
       case when f.head_id <> f.current_id then (select jsonb_build_object('number', h.number, 'status', h.status, 'status_reason', h.status_reason)
          from file_versions h where h.organization_id = f.organization_id and h.id = f.head_id) end as latest,
       array(select t.tag from file_tags t where t.organization_id = f.organization_id and t.file_id = f.id order by t.tag_folded)::text[] as tags,
       f.shown_size, f.shown_type
  from files f
  join file_versions v on v.organization_id = f.organization_id
   and v.id = case when f.current_id is null then f.head_id else f.current_id end;
alter view listed_files owner to satchel_views;
revoke all on listed_files from satchel_views;
grant select on listed_files to satchel_app;
