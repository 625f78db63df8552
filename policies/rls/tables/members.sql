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

-- A guardianship is between members. Those that a roster names begin when the
-- later one of the two becomes a member.
create or replace function app.member_wards() returns trigger language plpgsql as $$
begin
    if exists (select from people p join roster_agents a on a.organization_id = p.organization_id and a.source_id = p.source_id
                 and p.sourced_id in (a.carrier, a.agent)
                where p.organization_id = new.organization_id and p.user_id = new.user_id) then
        perform app.derive_guardianships(new.user_id);
    end if;
    return null;
end $$;
create or replace trigger c_wards after insert on members for each row when (not new.service) execute function app.member_wards();
grant execute on function app.member_wards() to satchel_app, satchel_system;
