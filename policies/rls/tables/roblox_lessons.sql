-- Documents as entries of a data store at Roblox. Owners and admins see them; syncs write them.
alter table roblox_lessons enable row level security;
alter table roblox_lessons force row level security;
drop policy if exists tenant on roblox_lessons;
create policy tenant on roblox_lessons for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (version_id, name, kind, state, code, rule, wanted, at_roblox, claim, claimed_at, sha256, revision, tries, next_at, written_at, updated_at) on roblox_lessons to satchel_app;
drop policy if exists people on roblox_lessons;
create policy people on roblox_lessons for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select on roblox_lessons to satchel_people;
