-- Requests that the data of a student is erased. A guardian asks about a child and a student of 18 or more
-- about themselves (34 CFR 99.5); owners and admins, who have things erased themselves, ask for no one. Who
-- asked sees the request as long as they have the right, and who oversees all.
alter table erasure_requests enable row level security;
alter table erasure_requests force row level security;
drop policy if exists tenant on erasure_requests;
create policy tenant on erasure_requests for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert,
    update (student_id, state, told, erasure_id, reason, ended_by, ended_at) on erasure_requests to satchel_app; -- student_id: app.person_merge
drop policy if exists people_read on erasure_requests;
create policy people_read on erasure_requests for select to satchel_people
    using (organization_id = (select app.people_org()) and ((select app.oversees()) or requester_id = (select app.actor()) and app.my_student(student_id)));
drop policy if exists people_add on erasure_requests;
create policy people_add on erasure_requests for insert to satchel_people
    with check (organization_id = (select app.people_org()) and requester_id = (select app.actor()) and app.my_student(student_id));
-- An officer of the student's side decides nothing for the school.
drop policy if exists people_change on erasure_requests;
create policy people_change on erasure_requests for update to satchel_people
    using (organization_id = (select app.people_org()) and ((select app.is_admin()) or requester_id = (select app.actor()) and app.my_student(student_id)))
    with check (organization_id = (select app.people_org()) and ended_by = (select app.actor())
       and ((select app.is_admin()) and not app.of_student(student_id, (select app.actor())) and state in ('accepted', 'refused')
            or requester_id = (select app.actor()) and app.my_student(student_id) and state = 'withdrawn'));
grant select, insert (organization_id, id, student_id, requester_id, note), update (state, erasure_id, reason, ended_by, ended_at) on erasure_requests to satchel_people;
drop policy if exists system on erasure_requests;
create policy system on erasure_requests for all to satchel_system using (true) with check (true);
grant select, update (told) on erasure_requests to satchel_system;

-- What was decided stands, whichever program asks.
create or replace function app.erasure_request_stands() returns trigger language plpgsql as $$
begin
    raise exception 'the request is over: %', old.state using errcode = 'check_violation';
end $$;
create or replace trigger a_stands before update of state on erasure_requests
    for each row when (old.state <> 'received') execute function app.erasure_request_stands();
