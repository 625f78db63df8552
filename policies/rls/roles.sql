-- The roles. They belong to the whole cluster, and are made before the rules are rehearsed.
do $$
declare owning text;
begin
    if not exists (select from pg_roles where rolname = 'satchel_app') then
        create role satchel_app login nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
    -- What the requests of people run as: satchel_app becomes it for a transaction.
    -- Without an actor nothing is visible to it.
    if not exists (select from pg_roles where rolname = 'satchel_people') then
        create role satchel_people nologin nosuperuser nobypassrls;
    end if;
    -- The policies of satchel_people must not widen what satchel_app sees, so the right
    -- to become it comes without its rights. PostgreSQL 15 knows that of a role alone.
    if (select rolinherit from pg_roles where rolname = 'satchel_app') then
        alter role satchel_app noinherit;
    end if;
    if not exists (select from pg_auth_members where roleid = 'satchel_people'::regrole and member = 'satchel_app'::regrole) then
        grant satchel_people to satchel_app;
    end if;
    -- Owns the few functions of functions/ that look across organizations. It
    -- cannot log in, and its policies let it do only what those functions need.
    if not exists (select from pg_roles where rolname = 'satchel_system') then
        create role satchel_system nologin nosuperuser nobypassrls;
    end if;
    -- Owns the views that join what a person reads to what hangs on it: those look with
    -- their owner's policies, which ask for the actor all the same. It cannot log in.
    if not exists (select from pg_roles where rolname = 'satchel_views') then
        create role satchel_views nologin nosuperuser nobypassrls;
    end if;
    -- Reads everything for logical backups (pg_dump --enable-row-security), and changes
    -- nothing. It cannot log in until the operator gives it a password and the right.
    if not exists (select from pg_roles where rolname = 'satchel_backup') then
        create role satchel_backup nologin nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
    -- Since PostgreSQL 16, anyone who made a role is a member of it without the right
    -- to act as it, which giving it functions takes; 15 does not know that right.
    for owning in select unnest(array['satchel_system', 'satchel_views']) loop
        if not pg_has_role(current_user, owning, case when current_setting('server_version_num')::integer >= 160000 then 'SET' else 'MEMBER' end) then
            execute format('grant %I to %I', owning, current_user);
        end if;
    end loop;
end $$;
