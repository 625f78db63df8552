-- Pipeline steps of the organization's versions.
alter table version_steps enable row level security;
alter table version_steps force row level security;
drop policy if exists tenant on version_steps;
create policy tenant on version_steps for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on version_steps to satchel_app;

-- What one statement writes counts on the file's row once. The rows are told in the order in
-- which the steps began.
create or replace function app.step_events() returns trigger language plpgsql as $$
declare f record;
begin
    for f in select v.organization_id as org, v.file_id as file, array_agg(jsonb_build_object('version', v.number, 'name', t.name, 'state', t.state, 'attempt', t.attempt) order by t.started_at, t.ended_at) as said
               from told t join file_versions v on v.organization_id = t.organization_id and v.id = t.version_id
              where t.state <> 'done' or t.version_id::text <> coalesce(current_setting('app.steps_with_status', true), '') -- app.version_follow tells those
              group by v.organization_id, v.file_id order by v.organization_id, v.file_id loop
        perform app.events(f.org, f.file, 'step', f.said);
    end loop;
    return null;
end $$;
drop trigger if exists a_event on version_steps;
create or replace trigger a_event_added after insert on version_steps referencing new table as told for each statement execute function app.step_events();
create or replace trigger a_event_changed after update on version_steps referencing new table as told for each statement execute function app.step_events();
drop function if exists app.step_event();
grant execute on function app.step_events() to satchel_app;
drop policy if exists system on version_steps;
create policy system on version_steps for select to satchel_system using (true);
grant select on version_steps to satchel_system;
-- Who reaches the version reaches these.
drop policy if exists people on version_steps;
create policy people on version_steps for all to satchel_people
    using (organization_id = (select app.people_org()) and app.may_read_version(version_id))
    with check (organization_id = (select app.people_org()) and app.may_read_version(version_id));
