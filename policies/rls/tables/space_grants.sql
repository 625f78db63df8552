-- Access that people gave. Who manages a space gives access to it; an admin gives a
-- substitute a class, and breaks the glass for themselves.
alter table space_grants enable row level security;
alter table space_grants force row level security;
drop policy if exists tenant on space_grants;
create policy tenant on space_grants for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on space_grants to satchel_app;
drop policy if exists people_read on space_grants;
create policy people_read on space_grants for select to satchel_people
    using (organization_id = (select app.people_org())
       and (user_id = (select app.actor()) or (select app.is_admin())
            or exists (select from app.my_spaces m where m.organization_id = space_grants.organization_id and m.space_id = space_grants.space_id and m.level >= 3)));
drop policy if exists people_add on space_grants;
create policy people_add on space_grants for insert to satchel_people
    with check (organization_id = (select app.people_org()) and given_by = (select app.actor()) and approved_by is null
       and (exists (select from app.my_spaces m where m.organization_id = space_grants.organization_id and m.space_id = space_grants.space_id and m.level >= 4) and via = 'grant'
            or (select app.is_admin()) and (via = 'substitute' or via = 'breakglass' and user_id = (select app.actor()))));
drop policy if exists people_change on space_grants;
create policy people_change on space_grants for update to satchel_people
    using (organization_id = (select app.people_org())
       and ((select app.is_admin()) or exists (select from app.my_spaces m where m.organization_id = space_grants.organization_id and m.space_id = space_grants.space_id and m.level >= 4)))
    with check (organization_id = (select app.people_org()));
grant select, insert, update (ends_at, approved_by) on space_grants to satchel_people;
drop policy if exists system on space_grants;
create policy system on space_grants for select to satchel_system using (true);
grant select on space_grants to satchel_system;
