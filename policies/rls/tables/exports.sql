-- Exports of the organization; system finds those that are not finished, and
-- those that are due to go. Of people, owners and admins see all of them, operators, who are no
-- members, the copies of the whole organization, and who asked for records the package of the request:
-- no other person does, auditors included, since a package has the contents of records.
alter table exports enable row level security;
alter table exports force row level security;
drop policy if exists tenant on exports;
create policy tenant on exports for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (state, updated_at, expires_at, cleaned_at) on exports to satchel_app;
drop policy if exists people_read on exports;
create policy people_read on exports for select to satchel_people
    using (organization_id = (select app.people_org())
       and ((select app.is_admin())
            or access_request_id is null and (select not exists (select from members m where m.organization_id = (select app.people_org()) and m.user_id = (select app.actor())))
            or exists (select from access_requests r where r.organization_id = exports.organization_id and r.id = exports.access_request_id and r.requester_id = (select app.actor()))));
grant select on exports to satchel_people;
drop policy if exists system on exports;
create policy system on exports for select to satchel_system using (true);
grant select on exports to satchel_system;
