-- The files of a change of many. Their rows are the change's.
alter table bulk_items enable row level security;
alter table bulk_items force row level security;
drop policy if exists tenant on bulk_items;
create policy tenant on bulk_items for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (result, code, detail, ended_at), delete on bulk_items to satchel_app;
drop policy if exists people on bulk_items;
create policy people on bulk_items for all to satchel_people
    using (organization_id = (select app.people_org())
       and exists (select from bulk_changes b where b.organization_id = bulk_items.organization_id and b.id = bulk_items.change_id))
    with check (organization_id = (select app.people_org())
       and exists (select from bulk_changes b where b.organization_id = bulk_items.organization_id and b.id = bulk_items.change_id));
grant select, insert, update (result, code, detail, ended_at) on bulk_items to satchel_people;
