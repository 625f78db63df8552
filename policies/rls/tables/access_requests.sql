-- Requests to see records. A student asks about themselves, a guardian about a student, owners and
-- admins on behalf of who wrote on paper. Who asked sees the request as long as they have the right, and
-- who oversees all.
alter table access_requests enable row level security;
alter table access_requests force row level security;
drop policy if exists tenant on access_requests;
create policy tenant on access_requests for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert (organization_id, id, student_id, requester_id, note),
    update (student_id, state, told, verified_by, verified_at, verified_how, released_by, released_at, delivered_at, ended_by, ended_at, ended_reason) on access_requests to satchel_app; -- student_id: app.person_merge
drop policy if exists people_read on access_requests;
create policy people_read on access_requests for select to satchel_people
    using (organization_id = (select app.people_org()) and ((select app.oversees()) or requester_id = (select app.actor()) and (student_id = (select app.actor()) or app.my_student(student_id))));
drop policy if exists people_add on access_requests;
create policy people_add on access_requests for insert to satchel_people
    with check (organization_id = (select app.people_org()) and requester_id = (select app.actor())
       and ((select app.is_admin()) or student_id = (select app.actor())
            or exists (select from app.my_wards w where w.organization_id = access_requests.organization_id and w.student_id = access_requests.student_id)));
drop policy if exists people_change on access_requests;
create policy people_change on access_requests for update to satchel_people
    using (organization_id = (select app.people_org()) and ((select app.is_admin()) or requester_id = (select app.actor())))
    with check (organization_id = (select app.people_org())
       and ((select app.is_admin()) or requester_id = (select app.actor()) and state in ('ready', 'delivered', 'withdrawn')));
grant select, insert (organization_id, id, student_id, requester_id, note),
    update (state, verified_by, verified_at, verified_how, released_by, released_at, delivered_at, ended_by, ended_at, ended_reason) on access_requests to satchel_people;
drop policy if exists system on access_requests;
create policy system on access_requests for all to satchel_system using (true) with check (true);
grant select, update (state, told) on access_requests to satchel_system;
