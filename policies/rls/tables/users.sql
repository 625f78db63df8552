-- A person is visible to the organizations they are a member of, and to those that a
-- roster told about them.
alter table users enable row level security;
alter table users force row level security;
drop policy if exists tenant on users;
create policy tenant on users for select to satchel_app
    using (exists (select from members m where m.user_id = users.id and m.organization_id = (select app.org()))
        or exists (select from people p where p.user_id = users.id and p.organization_id = (select app.org())));
grant select on users to satchel_app;
drop policy if exists system on users;
create policy system on users for all to satchel_system using (true) with check (true);
grant select, insert, update (created_at) on users to satchel_system; -- locking a row takes a right to update
