-- Exports of the organization; system finds those that are not finished, and
-- those that are due to go.
alter table exports enable row level security;
alter table exports force row level security;
drop policy if exists tenant on exports;
create policy tenant on exports for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (state, updated_at, expires_at, cleaned_at) on exports to satchel_app;
drop policy if exists system on exports;
create policy system on exports for select to satchel_system using (true);
grant select on exports to satchel_system;
