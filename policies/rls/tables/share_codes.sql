-- One-time codes, by their hashes: the platform's own. No person sees a row.
alter table share_codes enable row level security;
alter table share_codes force row level security;
drop policy if exists tenant on share_codes;
create policy tenant on share_codes for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on share_codes to satchel_app;
drop policy if exists people on share_codes;
create policy people on share_codes for select to satchel_people using (organization_id = (select app.people_org()) and false);
drop policy if exists system on share_codes;
create policy system on share_codes for all to satchel_system using (true) with check (true);
grant select, insert, update, delete on share_codes to satchel_system;
