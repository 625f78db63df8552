-- What imports of rosters change, of the organization.
alter table roster_changes enable row level security;
alter table roster_changes force row level security;
drop policy if exists tenant on roster_changes;
create policy tenant on roster_changes for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (held, target_id), delete on roster_changes to satchel_app;

-- A UUIDv7 (RFC 9562, section 5.7), so that rows that an import makes are together
-- in indexes: PostgreSQL 15 to 17 have no function for it.
create or replace function app.new_id() returns uuid language sql volatile as $$
    select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
             placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
$$;
revoke execute on function app.new_id() from public;
grant execute on function app.new_id() to satchel_app, satchel_system;
