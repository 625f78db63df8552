-- Last by its name: whatever runs with more than its caller's rights belongs to
-- satchel_system and is called by the application alone, and nothing may be made
-- any more. The conformance test holds the functions to those of system*.sql.
do $$
declare f regprocedure;
begin
    for f in select oid::regprocedure from pg_proc where pronamespace = 'app'::regnamespace and prosecdef loop
        execute format('alter function %s owner to satchel_system', f);
        execute format('revoke all on function %s from public', f);
        execute format('grant execute on function %s to satchel_app', f);
    end loop;
end $$;
revoke create on schema app from satchel_system;
