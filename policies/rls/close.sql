-- Applied last. A function that runs with more than its caller's rights belongs to
-- satchel_system, and only the application calls it. PostgreSQL lets everybody
-- call a new function: that right is taken away. The conformance test compares
-- these functions with those of functions/. app.ensure_months makes partitions, which only
-- the owner of their table can.
revoke all on all functions in schema app from public;
do $$
declare f regprocedure;
begin
    for f in select oid::regprocedure from pg_proc where pronamespace = 'app'::regnamespace and prosecdef loop
        if f <> 'app.ensure_months()'::regprocedure then execute format('alter function %s owner to satchel_system', f); end if;
        execute format('grant execute on function %s to satchel_app', f);
    end loop;
end $$;
revoke create on schema app from satchel_system, satchel_views;
revoke create on schema public from satchel_views;

-- What satchel_people has of the tables that hold nothing of a file: the rows of the
-- organization, as the application, once there is an actor. A table whose own file
-- gives it a policy keeps that one alone. The rights are the application's.
do $$
declare p record; g record; t regclass;
begin
    for p in select l.polrelid, l.polcmd, pg_get_expr(l.polqual, l.polrelid) as "using", pg_get_expr(l.polwithcheck, l.polrelid) as checking,
                    case l.polcmd when '*' then 'all' when 'r' then 'select' end as command
               from pg_policy l join pg_class r on r.oid = l.polrelid and r.relnamespace in ('public'::regnamespace, 'app'::regnamespace)
              where l.polname = 'tenant' loop
        t := p.polrelid::regclass;
        execute format('drop policy if exists organization on %s', t);
        if not exists (select from pg_policy o where o.polrelid = p.polrelid and o.polroles = array['satchel_people'::regrole::oid]) then
            execute format('create policy organization on %s for %s to satchel_people using (%s)', t, p.command, replace(p."using", 'app.org()', 'app.people_org()'))
                || case when p.checking is null then '' else format(' with check (%s)', replace(p.checking, 'app.org()', 'app.people_org()')) end;
        end if;
        if not has_any_column_privilege('satchel_people', p.polrelid, 'select') then
            for g in select a.privilege_type from pg_class c, aclexplode(c.relacl) a where c.oid = p.polrelid and a.grantee = 'satchel_app'::regrole loop
                execute format('grant %s on %s to satchel_people', g.privilege_type, t);
            end loop;
            for g in select a.privilege_type, c.attname from pg_attribute c, aclexplode(c.attacl) a where c.attrelid = p.polrelid and a.grantee = 'satchel_app'::regrole loop
                execute format('grant %s (%I) on %s to satchel_people', g.privilege_type, g.attname, t);
            end loop;
        end if;
    end loop;
    for t in select c.oid::regclass from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'v' loop
        execute format('grant select on %s to satchel_people', t);
    end loop;
    for g in select f.oid::regprocedure as name from pg_proc f where f.pronamespace = 'app'::regnamespace and has_function_privilege('satchel_app', f.oid, 'execute') loop
        execute format('grant execute on function %s to satchel_people', g.name);
    end loop;
end $$;

-- app.organization_delete_rows reaches every table of tenants, and of each only the
-- organization that it is about to remove.
do $$
declare t regclass;
begin
    for t in select c.oid::regclass from pg_class c join pg_policy p on p.polrelid = c.oid and p.polname = 'tenant'
               join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped
              where c.relnamespace = 'public'::regnamespace loop
        execute format('drop policy if exists deletion on %s', t);
        execute format('create policy deletion on %s for all to satchel_system using (organization_id::text = current_setting(''app.deleting'', true))', t);
        execute format('grant select, delete on %s to satchel_system', t);
    end loop;
end $$;

-- The role of logical backups reads every table whole. The owner does not: row-level security
-- is forced on it, and pg_dump would miss rows, or refuse.
do $$
declare c record;
begin
    grant usage on schema public, app, months to satchel_backup;
    for c in select oid::regclass as name, relkind, relrowsecurity from pg_class where relnamespace in ('public'::regnamespace, 'app'::regnamespace, 'months'::regnamespace) and relkind in ('r', 'p', 'S') loop
        execute format('grant select on %s %s to satchel_backup', case c.relkind when 'S' then 'sequence' else 'table' end, c.name);
        if c.relkind <> 'S' and c.relrowsecurity then
            execute format('drop policy if exists backup on %s', c.name);
            execute format('create policy backup on %s for select to satchel_backup using (true)', c.name);
        end if;
    end loop;
end $$;
