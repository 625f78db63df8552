-- Reports that come by themselves. Each person has their own; system finds those that are due.
alter table report_schedules enable row level security;
alter table report_schedules force row level security;
drop policy if exists tenant on report_schedules;
create policy tenant on report_schedules for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on report_schedules to satchel_app;
drop policy if exists people on report_schedules;
create policy people on report_schedules for all to satchel_people
    using (organization_id = (select app.people_org()) and created_by = (select app.actor()))
    with check (organization_id = (select app.people_org()) and created_by = (select app.actor()));
grant select, insert, delete, update (format, place, every, weekday, minute, active, next_at, updated_at) on report_schedules to satchel_people;
drop policy if exists system on report_schedules;
create policy system on report_schedules for select to satchel_system using (true);
grant select on report_schedules to satchel_system;

-- Their times are those of the organization's clocks: in another time zone they are found
-- again.
create or replace function app.report_schedules_moved() returns trigger language plpgsql as $$
begin
    update report_schedules set next_at = null where organization_id = new.organization_id;
    return null;
end $$;
create or replace trigger d_schedules_moved after update of time_zone on organization_policies
    for each row when (new.time_zone <> old.time_zone) execute function app.report_schedules_moved();
