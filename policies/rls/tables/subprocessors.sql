-- Who else gets data. Owners and admins name them; their public list is read by a function.
alter table subprocessors enable row level security;
alter table subprocessors force row level security;
drop policy if exists tenant on subprocessors;
create policy tenant on subprocessors for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (until) on subprocessors to satchel_app;
drop policy if exists people on subprocessors;
create policy people on subprocessors for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert, update (until) on subprocessors to satchel_people;
drop policy if exists system on subprocessors;
create policy system on subprocessors for select to satchel_system using (true);
grant select on subprocessors to satchel_system;

-- Who keeps a list of them elsewhere, and the other owners and admins, learn of each change. A row is added or
-- ended and never changed: another purpose is another row.
create or replace function app.tell_subprocessor() returns trigger language plpgsql as $$
begin
    perform app.tell(new.organization_id, case tg_op when 'INSERT' then 'subprocessor.added' else 'subprocessor.ended' end,
        jsonb_build_object('subprocessor_id', new.id, 'kind', new.kind));
    perform app.officers_notify(new.organization_id, 'subprocessor.changed',
        jsonb_build_object('subprocessor_id', new.id, 'code', case tg_op when 'INSERT' then 'added' else 'ended' end), app.actor());
    return null;
end $$;
create or replace trigger d_tell after insert on subprocessors for each row execute function app.tell_subprocessor();
create or replace trigger d_tell_end after update of until on subprocessors
    for each row when (old.until is null and new.until is not null) execute function app.tell_subprocessor();
