-- Who is in which class of the organization.
alter table class_members enable row level security;
alter table class_members force row level security;
drop policy if exists tenant on class_members;
create policy tenant on class_members for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on class_members to satchel_app;
