-- The owner role and its database; everything inside the database is made by `migrate up`.
-- Applied at each start, as the cluster's superuser.
\set ON_ERROR_STOP on
\getenv password OWNER_PASSWORD

select 'create role satchel_owner' where not exists (select from pg_roles where rolname = 'satchel_owner') \gexec

alter role satchel_owner login createdb createrole nosuperuser password :'password';

select 'create database satchel owner satchel_owner'
where not exists (select from pg_database where datname = 'satchel') \gexec

-- In this database and not in Satchel's: the numbers are of all databases, and Satchel's schema stays its own.
select current_setting('shared_preload_libraries') like '%pg_stat_statements%' as measured \gset
\if :measured
create extension if not exists pg_stat_statements;
\endif

-- Reads the statistics of the server, and has no right to a row of a table. Where it has no password there is none.
\getenv monitor MONITOR_PASSWORD
\if :{?monitor}
select 'create role satchel_monitor' where not exists (select from pg_roles where rolname = 'satchel_monitor') \gexec
alter role satchel_monitor login nosuperuser nocreatedb nocreaterole noreplication nobypassrls connection limit 5 password :'monitor';
alter role satchel_monitor set default_transaction_read_only = on;
alter role satchel_monitor set statement_timeout = '5s';
grant pg_read_all_stats to satchel_monitor;
\endif
