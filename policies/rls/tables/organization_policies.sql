-- What an organization decided for itself. system reads it for the sweeps.
alter table organization_policies enable row level security;
alter table organization_policies force row level security;
drop policy if exists tenant on organization_policies;
create policy tenant on organization_policies for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (trash_days, allowed_types, type_switches, extra_extensions, empty_files, version_keep, version_days, share_outside, share_upload, share_password, share_days, share_access_days, picture_sizes, mail_students, mail_language, time_zone, generation, generation_providers, generation_job_micro, generation_day_micro, generation_month_micro, report_threshold, pii_policy, pii_student_ids, updated_at), delete on organization_policies to satchel_app;
drop policy if exists system on organization_policies;
create policy system on organization_policies for all to satchel_system using (true) with check (true);
grant select, delete on organization_policies to satchel_system;
