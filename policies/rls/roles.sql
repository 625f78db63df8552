-- The roles, and what they may reach. Applied again after every migration: these
-- files are the whole of the access rules.
do $$ begin
    if not exists (select from pg_roles where rolname = 'satchel_app') then
        create role satchel_app login nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
    -- Owns the few functions of functions/ that look across organizations. It
    -- cannot log in, and its policies let it do only what those functions need.
    if not exists (select from pg_roles where rolname = 'satchel_system') then
        create role satchel_system nologin nosuperuser nobypassrls;
    end if;
    -- Since PostgreSQL 16, anyone who made a role is a member of it without the right
    -- to act as it, which giving it functions takes; 15 does not know that right.
    if not pg_has_role(current_user, 'satchel_system',
                       case when current_setting('server_version_num')::integer >= 160000 then 'SET' else 'MEMBER' end) then
        execute format('grant satchel_system to %I', current_user);
    end if;
end $$;

-- The organization of the current transaction. A fresh connection has no setting
-- and a reused one holds '': both mean "no organization", which compares as null
-- and so matches no row.
create or replace function app.org() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('app.current_org_id', true), '')::uuid $$;

-- A table without its file here is unreachable: everything is taken away first.
revoke all on all tables in schema public from satchel_app, satchel_system, public;
revoke all on all functions in schema app from satchel_app, public;
revoke create on schema public from public;
grant usage on schema public, app to satchel_app, satchel_system;
grant create on schema app to satchel_system;
grant execute on function app.org() to satchel_app, satchel_system;
