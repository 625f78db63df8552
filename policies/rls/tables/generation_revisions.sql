-- Drafts. A person sees and writes those of their own generations.
alter table generation_revisions enable row level security;
alter table generation_revisions force row level security;
drop policy if exists tenant on generation_revisions;
create policy tenant on generation_revisions for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on generation_revisions to satchel_app;
drop policy if exists people on generation_revisions;
create policy people on generation_revisions for all to satchel_people
    using (organization_id = (select app.people_org())
       and exists (select from generations g where g.organization_id = generation_revisions.organization_id and g.id = generation_revisions.generation_id and g.requested_by = (select app.actor())))
    with check (organization_id = (select app.people_org()) and made_by = (select app.actor())
       and exists (select from generations g where g.organization_id = generation_revisions.organization_id and g.id = generation_revisions.generation_id and g.requested_by = (select app.actor())));
grant select, insert, delete on generation_revisions to satchel_people;
