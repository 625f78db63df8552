-- Reviews of break-glass. Owners and admins see them. An owner decides about what an admin did, and
-- about what an owner did another owner or an admin, and none about themselves.
alter table break_glass_reviews enable row level security;
alter table break_glass_reviews force row level security;
drop policy if exists tenant on break_glass_reviews;
create policy tenant on break_glass_reviews for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (told, decision, note, reviewed_by, reviewed_at) on break_glass_reviews to satchel_app;
drop policy if exists people_read on break_glass_reviews;
create policy people_read on break_glass_reviews for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()));
-- Who approved an entry reviews it only where no other one could.
drop policy if exists people_change on break_glass_reviews;
create policy people_change on break_glass_reviews for update to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()) and decision = '')
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and reviewed_by = (select app.actor())
       and exists (select from space_grants g where g.organization_id = break_glass_reviews.organization_id and g.id = break_glass_reviews.grant_id and g.user_id <> (select app.actor())
                      and exists (select from members m where m.organization_id = g.organization_id and m.role = 'owner' and m.user_id in (g.user_id, (select app.actor())))
                      and (g.approved_by is distinct from (select app.actor())
                           or not exists (select from members o where o.organization_id = g.organization_id and not o.service and o.user_id not in (g.user_id, (select app.actor()))
                                             and (o.role = 'owner' or o.role = 'admin' and exists (select from members w where w.organization_id = g.organization_id and w.user_id = g.user_id and w.role = 'owner'))))));
grant select, update (decision, note, reviewed_by, reviewed_at) on break_glass_reviews to satchel_people;
drop policy if exists system on break_glass_reviews;
create policy system on break_glass_reviews for all to satchel_system using (true) with check (true);
grant select, insert (organization_id, grant_id), update (told) on break_glass_reviews to satchel_system;

-- The day of a review that was reached, of those of which owners are told.
create or replace function app.break_glass_day(due timestamptz) returns integer language sql stable as
$$ select case when due <= now() then 7 when due <= now() + interval '4 days' then 3 else 0 end $$;
grant execute on function app.break_glass_day(timestamptz) to satchel_system;
