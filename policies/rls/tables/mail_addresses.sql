-- Addresses of members. Only their person sees one; the platform writes to it.
alter table mail_addresses enable row level security;
alter table mail_addresses force row level security;
drop policy if exists tenant on mail_addresses;
create policy tenant on mail_addresses for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (code_hash, code_expires_at, attempts, verified_at) on mail_addresses to satchel_app;
drop policy if exists people on mail_addresses;
create policy people on mail_addresses for all to satchel_people
    using (organization_id = (select app.people_org()) and user_id = (select app.actor()))
    with check (organization_id = (select app.people_org()) and user_id = (select app.actor()));
grant select, insert, delete, update (code_hash, code_expires_at, attempts, verified_at) on mail_addresses to satchel_people;
