-- Keys of requests that make something. Who sent which request is said once;
-- system finds the organizations that have rows past their time.
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
drop policy if exists tenant on idempotency_keys;
create policy tenant on idempotency_keys for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (fingerprint, new_id, holder, busy_until, status, created_at, expires_at) on idempotency_keys to satchel_app;
drop policy if exists system on idempotency_keys;
create policy system on idempotency_keys for select to satchel_system using (true);
grant select on idempotency_keys to satchel_system;
