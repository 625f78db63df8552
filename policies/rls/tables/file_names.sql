-- Names of the organization's files, for searches; system keeps them.
grant usage on schema ext to satchel_app, satchel_people, satchel_system;
alter table file_names enable row level security;
alter table file_names force row level security;
drop policy if exists tenant on file_names;
create policy tenant on file_names for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select on file_names to satchel_app; -- triggers alone write it
-- Who reads the file reads its name.
drop policy if exists people_read on file_names;
create policy people_read on file_names for select to satchel_people
    using (organization_id = (select app.people_org()) and app.may_read_file(file_id));
grant select on file_names to satchel_people;
drop policy if exists system on file_names;
create policy system on file_names for all to satchel_system using (true) with check (true);
grant select, insert, update on file_names to satchel_system;

-- What a search compares: NFC, and full case folding as in file_names.folded.
create or replace function app.fold(what text) returns text language sql immutable parallel safe as $$
    select replace(replace(replace(lower(upper(normalize(what, nfc) collate "und-x-icu") collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss'), U&'i\0307', 'i')
$$;
grant execute on function app.fold(text) to satchel_app, satchel_people, satchel_system;
