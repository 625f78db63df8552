-- Wrong passwords and codes: the platform's own. No person sees a row.
alter table share_attempts enable row level security;
alter table share_attempts force row level security;
drop policy if exists tenant on share_attempts;
create policy tenant on share_attempts for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on share_attempts to satchel_app;
drop policy if exists people on share_attempts;
create policy people on share_attempts for select to satchel_people using (organization_id = (select app.people_org()) and false);
drop policy if exists system on share_attempts;
create policy system on share_attempts for all to satchel_system using (true) with check (true);
grant select, insert, update, delete on share_attempts to satchel_system;
