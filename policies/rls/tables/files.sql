-- Files of the organization; system finds the trash that is due.
alter table files enable row level security;
alter table files force row level security;
drop policy if exists tenant on files;
create policy tenant on files for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on files to satchel_app;
drop policy if exists system on files;
create policy system on files for select to satchel_system using (true);
grant select on files to satchel_system;

-- Adds an event to a file and wakes its readers. The file's row is locked while
-- its next number is taken.
create or replace function app.event(org uuid, file uuid, type text, data jsonb) returns void language plpgsql as $$
declare n bigint;
begin
    update files set event_seq = event_seq + 1 where organization_id = org and id = file returning event_seq into n;
    insert into file_events (organization_id, file_id, seq, type, data) values (org, file, n, type, data);
    perform pg_notify('file_events', org || '/' || file);
end $$;

-- Trash and restore are events of the file, like the ends of its versions.
-- Purging the file removes its events.
create or replace function app.file_event() returns trigger language plpgsql as $$
begin
    perform app.event(new.organization_id, new.id, case when new.trashed_at is null then 'restored' else 'trashed' end, '{}');
    return null;
end $$;
create or replace trigger b_event after update of trashed_at on files
    for each row when ((old.trashed_at is null) <> (new.trashed_at is null)) execute function app.file_event();
grant execute on function app.version_follow(), app.file_event(), app.event(uuid, uuid, text, jsonb) to satchel_app;
