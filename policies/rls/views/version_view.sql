-- A version as people see it: with its file, its renditions and its steps, and
-- the state of the newest version. shown_id is the version that a file answers
-- with when none is named: the newest published one, else the newest. It belongs to
-- satchel_views: the access rule decides about the file, once, and what is joined to
-- that file needs no rule but the organization's.
--
-- A change that removes or reorders columns drops the view first.
create or replace view version_view as
select f.organization_id, f.id as file_id, f.name, f.description, f.category, f.status as file_status,
       f.uploaded_by as owner_id, f.trashed_at, f.created_at, f.updated_at,
       coalesce(f.current_id, f.head_id) as shown_id, f.current_id, f.head_id, f.event_seq,
       v.id as version_id, v.number,
       -- A file that is held for want of a consent is read by who administers the organization alone.
       (case when f.held_since is not null and v.status = 'published' and not (app.organization_wide() or app.is_admin()) then 'held'::file_status else v.status end)::file_status as status,
       (case when f.held_since is not null and v.status = 'published' then 'consent_required' else v.status_reason end)::text as status_reason, v.change_description, v.size, v.mime_type, v.sha256,
       v.scan_verdict, v.scan_signature, v.scan_engine, v.scan_database, v.scanned_at, v.contains_pii,
       v.preview, v.width, v.height, v.object_etag, v.uploaded_by, v.published_at, v.created_at as version_created_at,
       (select coalesce(jsonb_agg(jsonb_build_object('name', r.name, 'mime_type', r.mime_type, 'width', r.width, 'height', r.height, 'size', r.size)
                                  order by r.width, r.name), '[]')
          from renditions r where r.organization_id = v.organization_id and r.version_id = v.id and not r.on_demand)::jsonb as renditions,
       (select coalesce(jsonb_agg(jsonb_build_object('name', s.name, 'state', s.state, 'attempt', s.attempt,
                                                     'started_at', s.started_at, 'ended_at', s.ended_at) order by s.started_at, s.name), '[]')
          from version_steps s where s.organization_id = v.organization_id and s.version_id = v.id)::jsonb as steps,
       h.number as head_number, h.status as head_status, h.status_reason as head_reason,
       v.corrected_from, v.found_kind, v.expected_kind, v.active_content,
       f.space_id, f.folder_id, f.needs, f.subject_id, f.handed_in_at,
       v.preview_reason, v.pages, v.duration_ms,
       (select coalesce(array_agg(t.tag order by t.tag_folded), '{}') from file_tags t where t.organization_id = f.organization_id and t.file_id = f.id)::text[] as tags
  from files f
  join file_versions v on v.organization_id = f.organization_id and v.file_id = f.id
  join file_versions h on h.organization_id = f.organization_id and h.id = f.head_id;
alter view version_view reset (security_invoker);
alter view version_view owner to satchel_views;
revoke all on version_view from satchel_views;
grant select on version_view to satchel_app;
do $$
declare t text;
begin
    foreach t in array array['file_versions', 'renditions', 'version_steps', 'file_tags'] loop
        execute format('drop policy if exists views on %I', t);
        execute format('create policy views on %I for select to satchel_views using (organization_id = (select app.people_org()))', t);
        execute format('grant select on %I to satchel_views', t);
    end loop;
end $$;
grant select on files to satchel_views;
