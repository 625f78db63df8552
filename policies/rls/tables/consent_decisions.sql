-- Decisions of guardians, which are added and never changed. Owners and admins record them; the gate reads them.
alter table consent_decisions enable row level security;
alter table consent_decisions force row level security;
drop policy if exists tenant on consent_decisions;
create policy tenant on consent_decisions for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert on consent_decisions to satchel_app;
drop policy if exists people on consent_decisions;
create policy people on consent_decisions for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert on consent_decisions to satchel_people;
drop policy if exists system on consent_decisions;
create policy system on consent_decisions for select to satchel_system using (true);
grant select on consent_decisions to satchel_system;

-- The key of the lock of a child. What is decided about a child holds it alone until its
-- commit, and an upload shares it: of a refusal during an upload, either the upload is
-- refused or its file is held.
create or replace function app.consent_key(org uuid, child uuid) returns bigint
language sql immutable as $$ select hashtextextended('consent/' || org::text || '/' || child::text, 0) $$;

-- The same for the agreements of an organization.
create or replace function app.agreements_key(org uuid) returns bigint
language sql immutable as $$ select hashtextextended('consent/' || org::text, 0) $$;

-- The key of the lock behind which files are brought to decisions, one transaction at a time:
-- of two, the looser one could else be written last. It is taken after those of children and
-- agreements.
create or replace function app.consent_files_key(org uuid) returns bigint
language sql immutable as $$ select hashtextextended('consent/files/' || org::text, 0) $$;

-- Has an upload wait for what is being decided about a child. The caller holds the row of no
-- file of the child, for which the decision would wait in turn.
create or replace function app.consent_share(org uuid, child uuid) returns void
language sql as $$
    select pg_advisory_xact_lock_shared(app.agreements_key(org));
    select pg_advisory_xact_lock_shared(app.consent_key(org, child))
$$;
grant execute on function app.consent_key(uuid, uuid) to satchel_app, satchel_people, satchel_system;
grant execute on function app.agreements_key(uuid), app.consent_files_key(uuid), app.consent_share(uuid, uuid) to satchel_system;
