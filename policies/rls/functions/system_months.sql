-- Makes the partitions of this month and of the three behind it, for every table that is
-- partitioned, and says what it did and what is wrong; months are those of UTC. `migrate up`
-- and a sweep call it. A month is made apart and then attached, which stops neither readers
-- nor writers; it waits for a lock for a moment only and comes again with the next call.
--
-- It is the one function that runs as the owner of the tables, because only an owner makes
-- partitions. So it takes nothing from its caller, and names of what it makes come from the
-- catalog and the calendar.
--
-- A row for which there is no month is in the default partition, from where it is read as
-- from any other. Such a month is not made any more; that the default partition holds rows
-- is said until they are gone.
create or replace function app.ensure_months() returns table (of_table text, month text, did text, wrong boolean)
language plpgsql security definer set search_path = public, pg_temp set timezone = 'UTC' set lock_timeout = '300ms' as $$
declare t record; p record; g record; upcoming timestamptz; blank text;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('satchel months', 0)) then return; end if;
    for t in select c.oid, c.relname::text as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'p' order by 2 loop
        of_table := t.name;
        blank := t.name || '_default';
        upcoming := (select max(m.until) from app.months_of(t.oid) m);
        while upcoming <= now() + interval '3 months' loop
            month := t.name || to_char(upcoming, '_YYYY_MM'); did := 'made'; wrong := false;
            begin
                execute format('create table months.%I (like months.%I including defaults including constraints including indexes)', month, blank);
                for g in select k.conname, pg_get_constraintdef(k.oid) as made from pg_constraint k where k.conrelid = format('months.%I', blank)::regclass and k.contype = 'f' loop
                    execute format('alter table months.%I add constraint %I %s', month, g.conname, g.made);
                end loop;
                execute format('alter table months.%I enable row level security, force row level security', month);
                execute format('grant select on months.%I to satchel_backup', month);
                execute format('create policy backup on months.%I for select to satchel_backup using (true)', month);
                execute format('alter table public.%I attach partition months.%I for values from (%L) to (%L)', t.name, month, upcoming, upcoming + interval '1 month');
            exception
                when lock_not_available then did := 'waits for a lock'; wrong := upcoming < now() + interval '1 month';
                when check_violation then did := 'is in the default partition'; wrong := true;
            end;
            return next;
            exit when did = 'waits for a lock';
            upcoming := upcoming + interval '1 month';
        end loop;
        -- A trigger of a statement is the table's alone: it is given to each partition.
        begin
            for g in select d.tgname, c.relname, pg_get_triggerdef(d.oid) as made from pg_trigger d join pg_inherits i on i.inhparent = d.tgrelid join pg_class c on c.oid = i.inhrelid
                      where d.tgrelid = t.oid and not d.tgisinternal and d.tgtype & 1 = 0 and not exists (select from pg_trigger o where o.tgrelid = c.oid and o.tgname = d.tgname) loop
                execute replace(g.made, format(' ON public.%I ', t.name), format(' ON months.%I ', g.relname));
            end loop;
        exception when lock_not_available then
            month := g.relname; did := 'waits for a lock'; wrong := false;
            return next;
        end;
        -- Events of activity are kept for 400 days (analytics/reports.Kept); a roll-up deletes
        -- them row by row, and here the month goes in which none is younger.
        for p in select m.name, m.until from app.months_of(t.oid) m where t.name = 'activity_events' and m.until < now() - interval '400 days' loop
            month := p.name; did := 'dropped'; wrong := false;
            begin
                execute format('drop table months.%I', p.name);
            exception when lock_not_available then did := 'waits for a lock'; wrong := p.until < now() - interval '430 days';
            end;
            return next;
        end loop;
        if pg_relation_size(format('months.%I', blank)::regclass) > 0 then
            month := blank; did := 'holds rows'; wrong := true;
            return next;
        end if;
    end loop;
end $$;
