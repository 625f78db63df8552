-- The columns of every table with rows of organizations or of users, and which of them name a
-- person by id: the live schema, so that a table of a later migration is in the inventory of
-- personal data too. It reads the catalog and no row.
create or replace function app.schema_columns() returns table (table_name text, column_name text, type text, person boolean)
language sql stable security definer set search_path = public, pg_temp as $$
    select c.relname::text, a.attname::text, format_type(a.atttypid, null),
           exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and k.confrelid = 'users'::regclass and a.attnum = any (k.conkey))
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and (c.relname = 'users' or exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and k.confrelid = 'users'::regclass)
            or exists (select from pg_attribute o where o.attrelid = c.oid and o.attname = 'organization_id' and not o.attisdropped))
     order by c.relname, a.attnum
$$;
