-- What should reach a person. They see their own; functions and the platform write.
alter table notifications enable row level security;
alter table notifications force row level security;
drop policy if exists tenant on notifications;
create policy tenant on notifications for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (read_at), delete on notifications to satchel_app;
drop policy if exists people_read on notifications;
create policy people_read on notifications for select to satchel_people
    using (organization_id = (select app.people_org()) and user_id = (select app.actor()));
drop policy if exists people_change on notifications;
create policy people_change on notifications for update to satchel_people
    using (organization_id = (select app.people_org()) and user_id = (select app.actor()))
    with check (organization_id = (select app.people_org()) and user_id = (select app.actor()));
grant select, update (read_at) on notifications to satchel_people;
drop policy if exists system on notifications;
create policy system on notifications for insert to satchel_system with check (true);
grant insert on notifications to satchel_system;
