-- With whom the organization's shares are. Who manages the share sees all of them, a
-- member the row that names them. The address is forgotten with the share's end.
alter table share_recipients enable row level security;
alter table share_recipients force row level security;
drop policy if exists tenant on share_recipients;
create policy tenant on share_recipients for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on share_recipients to satchel_app;
drop policy if exists people_read on share_recipients;
create policy people_read on share_recipients for select to satchel_people
    using (organization_id = (select app.people_org())
       and (user_id = (select app.actor()) or app.may_manage_share(share_id) or class_id is not null and app.may_see_share(share_id)));
drop policy if exists people_add on share_recipients;
create policy people_add on share_recipients for insert to satchel_people
    with check (organization_id = (select app.people_org()) and ended_at is null and app.may_manage_share(share_id));
drop policy if exists people_change on share_recipients;
create policy people_change on share_recipients for update to satchel_people
    using (organization_id = (select app.people_org()) and app.may_manage_share(share_id))
    with check (organization_id = (select app.people_org()));
grant select (organization_id, share_id, id, user_id, class_id, email, outside, name, verified_at, delivery, delivery_code, attempts, started_at, sent_at, ended_at, created_at, updated_at),
      insert (organization_id, share_id, id, user_id, class_id, email, outside, name),
      update (email, delivery, delivery_code, ended_at, updated_at)
   on share_recipients to satchel_people;
drop policy if exists views on share_recipients;
create policy views on share_recipients for select to satchel_views using (organization_id = (select app.people_org()));
grant select on share_recipients to satchel_views;
drop policy if exists system on share_recipients;
create policy system on share_recipients for all to satchel_system using (true) with check (true);
grant select, update on share_recipients to satchel_system;
