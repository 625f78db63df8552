-- Spaces of the organization. A person sees those that they are in.
alter table spaces enable row level security;
alter table spaces force row level security;
drop policy if exists tenant on spaces;
create policy tenant on spaces for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on spaces to satchel_app;

drop policy if exists people_read on spaces;
create policy people_read on spaces for select to satchel_people
    using (organization_id = (select app.people_org())
       and (exists (select from app.my_spaces m where m.organization_id = spaces.organization_id and m.space_id = spaces.id)
            or (select app.all_spaces())));
-- Groups, libraries and the like are made by people; the row of their maker comes
-- from a trigger.
drop policy if exists people_add on spaces;
create policy people_add on spaces for insert to satchel_people
    with check (organization_id = (select app.people_org()) and kind in ('group', 'library', 'staff', 'confidential') and created_by = (select app.actor()));
drop policy if exists people_change on spaces;
create policy people_change on spaces for update to satchel_people
    using (organization_id = (select app.people_org())
       and exists (select from app.my_spaces m where m.organization_id = spaces.organization_id and m.space_id = spaces.id and m.level = 4))
    with check (organization_id = (select app.people_org()));
grant select, insert, update (name, state, trash_days, updated_at) on spaces to satchel_people;
