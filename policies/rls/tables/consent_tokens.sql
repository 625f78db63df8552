-- Links that answer a request for consent, by their hashes. Staff have no use for them.
alter table consent_tokens enable row level security;
alter table consent_tokens force row level security;
drop policy if exists tenant on consent_tokens;
create policy tenant on consent_tokens for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (used_at, decision_id, network, agent) on consent_tokens to satchel_app;
drop policy if exists people on consent_tokens;
create policy people on consent_tokens for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, update (used_at) on consent_tokens to satchel_people;
drop policy if exists system on consent_tokens;
create policy system on consent_tokens for all to satchel_system using (true) with check (true);
grant select, update (used_at) on consent_tokens to satchel_system;
