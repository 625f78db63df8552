-- The logins of a person are visible to the organizations to which the person
-- belongs, or that a roster told about them. Functions alone write them.
alter table logins enable row level security;
alter table logins force row level security;
drop policy if exists tenant on logins;
create policy tenant on logins for select to satchel_app
    using (exists (select from members m where m.user_id = logins.user_id and m.organization_id = (select app.org()))
        or exists (select from people p where p.user_id = logins.user_id and p.organization_id = (select app.org())));
grant select on logins to satchel_app;
drop policy if exists system on logins;
create policy system on logins for all to satchel_system using (true) with check (true);
grant select, insert, delete on logins to satchel_system;
