-- Applied last. A function that runs with more than its caller's rights belongs to
-- satchel_system, and only the application calls it. PostgreSQL lets everybody
-- call a new function: that right is taken away. The conformance test compares
-- these functions with those of functions/.
revoke all on all functions in schema app from public;
do $$
declare f regprocedure;
begin
    for f in select oid::regprocedure from pg_proc where pronamespace = 'app'::regnamespace and prosecdef loop
        execute format('alter function %s owner to satchel_system', f);
        execute format('grant execute on function %s to satchel_app', f);
    end loop;
end $$;
revoke create on schema app from satchel_system;

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
