-- Operations of the organization, which are its jobs.
alter table operations enable row level security;
alter table operations force row level security;
drop policy if exists tenant on operations;
create policy tenant on operations for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on operations to satchel_app;
-- Operators see the jobs of all organizations; what waits in a paused queue is marked so.
drop policy if exists system on operations;
create policy system on operations for all to satchel_system using (true) with check (true);
grant select, update (state) on operations to satchel_system;

-- A reader that waits for an operation is woken like one that waits for a file.
create or replace function app.operation_notify() returns trigger language plpgsql as $$
begin
    perform pg_notify('file_events', new.organization_id || '/' || new.id);
    return null;
end $$;
create or replace trigger notify after update of state, steps on operations for each row execute function app.operation_notify();

-- The counts and the timeline follow each change in its transaction. Both rows of a change
-- are counted by one statement in the order of their keys, so that two transactions do not
-- wait for each other in a circle. What tries again for ever ends its timeline at 200 lines
-- and keeps room for how it ends.
create or replace function app.operation_count(org uuid, was operations, becomes operations) returns void language plpgsql as $$
begin
    insert into operation_counts as c (organization_id, kind, state, queue, priority, shard, n)
    select org, x.kind, x.state, x.queue, x.priority, y.shard, x.n
      from (select (was).kind, (was).state, (was).queue, (was).priority, -1 as n where (was).id is not null
            union all select (becomes).kind, (becomes).state, (becomes).queue, (becomes).priority, 1 where (becomes).id is not null) x,
           (select floor(random() * 16)::smallint as shard) y
     order by x.kind, x.state, x.queue, x.priority
    on conflict (organization_id, kind, state, queue, priority, shard) do update set n = c.n + excluded.n;
end $$;
create or replace function app.operation_changed() returns trigger language plpgsql as $$
declare line integer; none operations;
begin
    if coalesce(current_setting('app.deleting', true), '') = coalesce(new.organization_id, old.organization_id)::text then return null; end if;
    if tg_op = 'DELETE' then
        perform app.operation_count(old.organization_id, old, none);
        return null;
    end if;
    if tg_op = 'INSERT' then
        perform app.operation_count(new.organization_id, none, new);
    else
        if (old.state, old.kind, old.queue, old.priority) is distinct from (new.state, new.kind, new.queue, new.priority) then
            perform app.operation_count(new.organization_id, old, new);
        end if;
        if (old.state, old.attempts, old.reason_code, old.priority) is not distinct from (new.state, new.attempts, new.reason_code, new.priority) then
            return null;
        end if;
    end if;
    select coalesce(max(e.n), 0) + 1 into line from operation_events e where e.organization_id = new.organization_id and e.operation_id = new.id;
    if line <= 200 or new.ended_at is not null and line <= 300 then
        insert into operation_events (organization_id, operation_id, n, state, attempt, code, priority)
        values (new.organization_id, new.id, line, new.state, new.attempts, new.reason_code, new.priority);
    end if;
    return null;
end $$;
grant execute on function app.operation_count(uuid, operations, operations) to satchel_app, satchel_system;
create or replace trigger changed after insert or delete or update of state, attempts, reason_code, priority, queue, kind
    on operations for each row execute function app.operation_changed();
