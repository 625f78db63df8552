-- Invitations of the organization. Whom and as what is said once; system finds
-- an invitation by the hash of its token, and those whose workflow is missing.
alter table invitations enable row level security;
alter table invitations force row level security;
drop policy if exists tenant on invitations;
create policy tenant on invitations for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (email, state, delivery, delivery_code, attempts, token_hash, accepted_by, started_at,
    sent_at, ended_at, updated_at, person_id) on invitations to satchel_app;
drop policy if exists system on invitations;
create policy system on invitations for select to satchel_system using (true);
grant select on invitations to satchel_system;
