-- Whom to tell of an incident, and until when.
alter table incident_clocks enable row level security;
alter table incident_clocks force row level security;
drop policy if exists tenant on incident_clocks;
create policy tenant on incident_clocks for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (due_at, told_at, told_by, note) on incident_clocks to satchel_app;
drop policy if exists people_read on incident_clocks;
create policy people_read on incident_clocks for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
drop policy if exists people_add on incident_clocks;
create policy people_add on incident_clocks for insert to satchel_people
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
drop policy if exists people_change on incident_clocks;
create policy people_change on incident_clocks for update to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert, update (due_at, told_at, told_by, note) on incident_clocks to satchel_people;
drop policy if exists system on incident_clocks;
create policy system on incident_clocks for all to satchel_system using (true) with check (true);
grant select, update (told) on incident_clocks to satchel_system;

-- How far a day is: 1 it comes, 2 it is over.
create or replace function app.deadline_stage(due timestamptz, ahead interval) returns smallint language sql stable as
$$ select (case when due <= now() then 2 when due <= now() + ahead then 1 else 0 end)::smallint $$;
grant execute on function app.deadline_stage(timestamptz, interval) to satchel_system;

-- Of another day it is told again.
create or replace function app.incident_clock_moves() returns trigger language plpgsql as $$
begin
    new.told := 0;
    return new;
end $$;
create or replace trigger a_moves before update of due_at on incident_clocks
    for each row when (old.due_at is distinct from new.due_at) execute function app.incident_clock_moves();
