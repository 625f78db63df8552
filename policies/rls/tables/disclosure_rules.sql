-- What an organization decided about what may leave it. system asks for the organization
-- of a visitor's share.
alter table disclosure_rules enable row level security;
alter table disclosure_rules force row level security;
drop policy if exists tenant on disclosure_rules;
create policy tenant on disclosure_rules for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (allowed, rule, updated_at), delete on disclosure_rules to satchel_app;
drop policy if exists system on disclosure_rules;
create policy system on disclosure_rules for select to satchel_system using (true);
grant select on disclosure_rules to satchel_system;
