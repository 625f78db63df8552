-- Memberships of the organization. system looks across them to find out who is calling.
alter table members enable row level security;
alter table members force row level security;
drop policy if exists tenant on members;
create policy tenant on members for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (role), delete on members to satchel_app;
drop policy if exists system on members;
create policy system on members for all to satchel_system using (true) with check (true);
grant select, insert on members to satchel_system;

-- An API key ends with its service account.
create or replace function app.service_gone() returns trigger language plpgsql as $$
begin
    update api_keys set revoked_at = now()
     where organization_id = old.organization_id and user_id = old.user_id and revoked_at is null and expires_at > now();
    return null;
end $$;
create or replace trigger a_keys after delete on members for each row when (old.service) execute function app.service_gone();
grant execute on function app.service_gone() to satchel_app, satchel_system;
