-- An organization sees its own row and nothing of any other.
alter table organizations enable row level security;
alter table organizations force row level security;
drop policy if exists tenant on organizations;
create policy tenant on organizations for all to satchel_app
    using (id = (select app.org())) with check (id = (select app.org()));
grant select, update (name, tier, status, allowed_origins, reads_while_suspended, contact_email, status_reason,
    deletes_at, deletion_id, deletion_begun_at, status_before, updated_at) on organizations to satchel_app;
drop policy if exists system on organizations;
create policy system on organizations for all to satchel_system using (true) with check (true);
grant select, insert, update, delete on organizations to satchel_system;
