-- What was done of what is due each year. Owners and admins record it in their own names, auditors see it.
alter table annual_notices enable row level security;
alter table annual_notices force row level security;
drop policy if exists tenant on annual_notices;
create policy tenant on annual_notices for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert on annual_notices to satchel_app;
drop policy if exists people_read on annual_notices;
create policy people_read on annual_notices for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
drop policy if exists people_add on annual_notices;
create policy people_add on annual_notices for insert to satchel_people
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and recorded_by = (select app.actor()));
grant select, insert (organization_id, id, kind, given_on, how, file_id, recorded_by) on annual_notices to satchel_people;

-- What is due each year, and where the rule has it.
create or replace function app.annual_kinds() returns table (kind text, rule text) language sql immutable parallel safe as
$$ values ('ferpa_rights', '34 CFR 99.7'), ('security_assessment', '16 CFR 312.8(b)(2)') $$;
grant execute on function app.annual_kinds() to satchel_app, satchel_people;
