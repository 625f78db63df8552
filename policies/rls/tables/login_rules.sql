-- What the organization says of its logins. It confirms nothing itself: only
-- app.login_rule_confirm does, for an operator. What a confirmed rule believes may
-- change, its tenant may not.
alter table login_rules enable row level security;
alter table login_rules force row level security;
drop policy if exists tenant on login_rules;
create policy tenant on login_rules for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, delete, insert (organization_id, id, issuer, tenant_claim, tenant_value, person_claim, may_verify_email, may_verify_username, jit_role, created_by),
    update (person_claim, may_verify_email, may_verify_username, jit_role) on login_rules to satchel_app;
drop policy if exists system on login_rules;
create policy system on login_rules for all to satchel_system using (true) with check (true);
grant select, update (confirmed_by, confirmed_at) on login_rules to satchel_system;
