-- The application may raise the limits' use only through versions: the two sums are kept by trigger.
alter table storage_quotas enable row level security;
alter table storage_quotas force row level security;
drop policy if exists tenant on storage_quotas;
create policy tenant on storage_quotas for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, update (max_bytes, max_file_size, max_bytes_set, max_file_size_set, used_bytes, reserved_bytes, updated_at,
    opened_on, opening_bytes) on storage_quotas to satchel_app;
drop policy if exists system on storage_quotas;
create policy system on storage_quotas for all to satchel_system using (true) with check (true);
grant select, insert, update (max_bytes, max_file_size, used_bytes, reserved_bytes, opened_on, opening_bytes, updated_at) on storage_quotas to satchel_system;
