-- API keys of the organization. What a key is never changes; only its end, its
-- last use and its successor do. system looks across them to find out who is
-- calling, and ends them when an organization goes.
alter table api_keys enable row level security;
alter table api_keys force row level security;
drop policy if exists tenant on api_keys;
create policy tenant on api_keys for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (expires_at, last_used_at, revoked_at, replaced_by), delete on api_keys to satchel_app;
drop policy if exists system on api_keys;
create policy system on api_keys for all to satchel_system using (true) with check (true);
grant select, update (revoked_at), delete on api_keys to satchel_system;
