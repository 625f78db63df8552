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
