-- Addresses that get no mail, by their hashes. Owners and admins see them and take them
-- away.
alter table mail_suppressions enable row level security;
alter table mail_suppressions force row level security;
drop policy if exists tenant on mail_suppressions;
create policy tenant on mail_suppressions for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (reason, status, soft, soft_since, suppressed_at, updated_at) on mail_suppressions to satchel_app;
drop policy if exists people_read on mail_suppressions;
create policy people_read on mail_suppressions for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()));
drop policy if exists people_remove on mail_suppressions;
create policy people_remove on mail_suppressions for delete to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, delete on mail_suppressions to satchel_people;
