-- What is directory information of the school. Owners and admins say so in their own names; each
-- member sees it: the notice is public.
alter table directory_policies enable row level security;
alter table directory_policies force row level security;
drop policy if exists tenant on directory_policies;
create policy tenant on directory_policies for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (categories, notice_at, opt_out_until, set_by, set_at) on directory_policies to satchel_app;
drop policy if exists people_read on directory_policies;
create policy people_read on directory_policies for select to satchel_people
    using (organization_id = (select app.people_org()));
drop policy if exists people_add on directory_policies;
create policy people_add on directory_policies for insert to satchel_people
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and set_by = (select app.actor()));
drop policy if exists people_change on directory_policies;
create policy people_change on directory_policies for update to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and set_by = (select app.actor()));
grant select, insert (organization_id, categories, notice_at, opt_out_until, set_by), update (categories, notice_at, opt_out_until, set_by, set_at) on directory_policies to satchel_people;
drop policy if exists system on directory_policies;
create policy system on directory_policies for select to satchel_system using (true);
grant select on directory_policies to satchel_system;
