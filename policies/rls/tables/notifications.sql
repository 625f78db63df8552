-- What should reach a person. They see their own; functions and the platform write.
alter table notifications enable row level security;
alter table notifications force row level security;
drop policy if exists tenant on notifications;
create policy tenant on notifications for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (read_at, dispatched_at, hidden, mail_id, mail_code), delete on notifications to satchel_app;
drop policy if exists people_read on notifications;
create policy people_read on notifications for select to satchel_people
    using (organization_id = (select app.people_org()) and user_id = (select app.actor()));
drop policy if exists people_change on notifications;
create policy people_change on notifications for update to satchel_people
    using (organization_id = (select app.people_org()) and user_id = (select app.actor()))
    with check (organization_id = (select app.people_org()) and user_id = (select app.actor()));
grant select, update (read_at) on notifications to satchel_people;
drop policy if exists system on notifications;
create policy system on notifications for all to satchel_system using (true) with check (true);
grant select, insert on notifications to satchel_system;

-- Wakes who dispatches, once a statement.
create or replace function app.notifications_wake() returns trigger language plpgsql as $$
begin
    perform pg_notify('notifications', t.organization_id::text) from (select distinct organization_id from told) t;
    return null;
end $$;
create or replace trigger d_wake after insert on notifications referencing new table as told for each statement execute function app.notifications_wake();
create or replace trigger d_wake after insert on notification_mails referencing new table as told for each statement execute function app.notifications_wake();
grant execute on function app.notifications_wake() to satchel_app, satchel_people, satchel_system;
