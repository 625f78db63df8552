-- What people let make from texts. Each sees their own: a text that one may read is in it.
-- system finds those that have not ended.
alter table generations enable row level security;
alter table generations force row level security;
drop policy if exists tenant on generations;
create policy tenant on generations for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on generations to satchel_app;
drop policy if exists people on generations;
create policy people on generations for all to satchel_people
    using (organization_id = (select app.people_org()) and requested_by = (select app.actor()))
    with check (organization_id = (select app.people_org()) and requested_by = (select app.actor()));
grant select, insert, update (state, source_text, revision, title, format, answers, result_file_id, result_version_id, decided_by, decided_at, updated_at, ended_at) on generations to satchel_people;
drop policy if exists system on generations;
create policy system on generations for select to satchel_system using (true);
grant select on generations to satchel_system;

-- A reader that waits for the job is woken when a person decides.
create or replace function app.generation_notify() returns trigger language plpgsql as $$
begin
    perform pg_notify('file_events', new.organization_id || '/' || new.id);
    return null;
end $$;
create or replace trigger notify after update of state on generations for each row execute function app.generation_notify();
