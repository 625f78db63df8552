drop view version_view;
drop table upload_parts, uploads, file_events, version_steps, renditions, file_versions, files, storage_quotas;
drop function app.version_follow(), app.version_event(), app.version_quota(), app.step_event(), app.event(uuid, uuid, text, jsonb);
drop type file_status;
