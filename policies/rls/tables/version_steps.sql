-- Pipeline steps of the organization's versions.
alter table version_steps enable row level security;
alter table version_steps force row level security;
drop policy if exists tenant on version_steps;
create policy tenant on version_steps for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on version_steps to satchel_app;

create or replace function app.step_event() returns trigger language plpgsql as $$
declare v record;
begin
    select file_id, number into v from file_versions where organization_id = new.organization_id and id = new.version_id;
    perform app.event(new.organization_id, v.file_id, 'step', jsonb_build_object(
        'version', v.number, 'name', new.name, 'state', new.state, 'attempt', new.attempt));
    return null;
end $$;
create or replace trigger a_event after insert or update on version_steps
    for each row execute function app.step_event();
grant execute on function app.step_event() to satchel_app;
-- Who reaches the version reaches these.
drop policy if exists people on version_steps;
create policy people on version_steps for all to satchel_people
    using (organization_id = (select app.people_org()) and app.may_read_version(version_id))
    with check (organization_id = (select app.people_org()) and app.may_read_version(version_id));
