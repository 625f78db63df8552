-- Versions of the direct notice. Owners and admins publish them; nothing changes one.
alter table consent_notices enable row level security;
alter table consent_notices force row level security;
drop policy if exists tenant on consent_notices;
create policy tenant on consent_notices for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert on consent_notices to satchel_app;
drop policy if exists people on consent_notices;
create policy people on consent_notices for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert on consent_notices to satchel_people;
drop policy if exists system on consent_notices;
create policy system on consent_notices for select to satchel_system using (true);
grant select on consent_notices to satchel_system;

-- No role changes a notice, its owner neither: what a parent agreed to stays what it was.
create or replace function app.notice_is_immutable() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and coalesce(current_setting('app.deleting', true) = old.organization_id::text, false) then return old; end if;
    raise exception 'a published notice is never changed' using errcode = 'check_violation';
end $$;
create or replace trigger a_immutable before update or delete on consent_notices for each row execute function app.notice_is_immutable();
