-- Zips that were asked for. The person who asked for one sees it, and no other; those of
-- shares are their visitors', who are no members.
alter table zips enable row level security;
alter table zips force row level security;
drop policy if exists tenant on zips;
create policy tenant on zips for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (expires_at), delete on zips to satchel_app;
drop policy if exists people on zips;
create policy people on zips for all to satchel_people
    using (organization_id = (select app.people_org()) and actor_id = (select app.actor()))
    with check (organization_id = (select app.people_org()) and actor_id = (select app.actor()));
grant select, insert on zips to satchel_people;
-- The sweep looks for those whose time is over.
drop policy if exists system on zips;
create policy system on zips for select to satchel_system using (true);
grant select on zips to satchel_system;
