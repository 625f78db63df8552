-- Reports. Each person sees those that they asked for. system finds those that have not ended.
alter table reports enable row level security;
alter table reports force row level security;
drop policy if exists tenant on reports;
create policy tenant on reports for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (state, code, file_id, version_id, row_count, as_of, time_zone, threshold, updated_at, ended_at), delete on reports to satchel_app;
drop policy if exists people on reports;
create policy people on reports for all to satchel_people
    using (organization_id = (select app.people_org()) and requested_by = (select app.actor()))
    with check (organization_id = (select app.people_org()) and requested_by = (select app.actor()));
grant select, insert on reports to satchel_people;
drop policy if exists system on reports;
create policy system on reports for select to satchel_system using (true);
grant select on reports to satchel_system;

-- A reader that waits for the report is woken at its end.
create or replace function app.report_notify() returns trigger language plpgsql as $$
begin
    perform pg_notify('file_events', new.organization_id || '/' || new.id);
    return null;
end $$;
create or replace trigger notify after update of state on reports for each row execute function app.report_notify();
