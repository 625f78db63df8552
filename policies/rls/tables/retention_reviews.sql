-- What an officer decides about before it is disposed of. Owners and admins, whatever of the
-- files themselves they may read; auditors see it. system asks what was decided.
alter table retention_reviews enable row level security;
alter table retention_reviews force row level security;
drop policy if exists tenant on retention_reviews;
create policy tenant on retention_reviews for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (policy_id, state, due_at, keep_until, reason, decided_by, decided_at) on retention_reviews to satchel_app;
drop policy if exists people_read on retention_reviews;
create policy people_read on retention_reviews for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
drop policy if exists people_change on retention_reviews;
create policy people_change on retention_reviews for update to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and decided_by = (select app.actor()));
drop policy if exists people_remove on retention_reviews;
create policy people_remove on retention_reviews for delete to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, delete, update (policy_id, state, due_at, keep_until, reason, decided_by, decided_at) on retention_reviews to satchel_people;
drop policy if exists system on retention_reviews;
create policy system on retention_reviews for select to satchel_system using (true);
grant select on retention_reviews to satchel_system;
