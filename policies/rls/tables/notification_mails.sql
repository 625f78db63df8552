-- The log of mails to members. Owners and admins read it; it holds no address and no
-- text. A person asks for the code of their own address.
alter table notification_mails enable row level security;
alter table notification_mails force row level security;
drop policy if exists tenant on notification_mails;
create policy tenant on notification_mails for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (state, code, open, attempts, doubts, next_at, address_hash, bounce, ended_at) on notification_mails to satchel_app;
drop policy if exists people_read on notification_mails;
create policy people_read on notification_mails for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()));
drop policy if exists people_add on notification_mails;
create policy people_add on notification_mails for insert to satchel_people
    with check (organization_id = (select app.people_org()) and user_id = (select app.actor()) and kind = 'address.confirm');
grant select, insert on notification_mails to satchel_people;
drop policy if exists system on notification_mails;
create policy system on notification_mails for select to satchel_system using (true);
grant select on notification_mails to satchel_system;
