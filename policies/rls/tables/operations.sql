-- Operations of the organization.
alter table operations enable row level security;
alter table operations force row level security;
drop policy if exists tenant on operations;
create policy tenant on operations for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on operations to satchel_app;
drop policy if exists system on operations;
create policy system on operations for select to satchel_system using (true);
grant select on operations to satchel_system;

-- A reader that waits for an operation is woken like one that waits for a file.
create or replace function app.operation_notify() returns trigger language plpgsql as $$
begin
    perform pg_notify('file_events', new.organization_id || '/' || new.id);
    return null;
end $$;
create or replace trigger notify after update of state, steps on operations for each row execute function app.operation_notify();
