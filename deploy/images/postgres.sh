#!/bin/sh
# Runs PostgreSQL over /var/lib/postgresql, or PgBouncer before it, makes the owner role, or asks whether it answers.
# Passwords come as files: POSTGRES_PASSWORD_FILE of the superuser, SATCHEL_OWNER_PASSWORD_FILE and SATCHEL_APP_PASSWORD_FILE
# of the platform's roles.
set -eu
bin=/usr/lib/postgresql/15/bin
data=/var/lib/postgresql/15
case ${1:-server} in
  server)
    # initdb works in a folder that is renamed at its end: one that was killed leaves nothing that looks finished.
    if [ ! -d "$data" ]; then
      rm -rf "$data.unfinished"
      "$bin/initdb" --pgdata "$data.unfinished" --username postgres --pwfile "$POSTGRES_PASSWORD_FILE" --encoding UTF8 --locale C.UTF-8 \
        --auth-host scram-sha-256 --auth-local reject --data-checksums --no-instructions
      echo "host all all all scram-sha-256" >>"$data.unfinished/pg_hba.conf"
      mv "$data.unfinished" "$data"
    fi
    shift $(($# > 0))
    exec "$bin/postgres" -D "$data" -c listen_addresses='*' -c unix_socket_directories= -c max_connections=200 -c timezone=UTC -c log_timezone=UTC \
      -c shared_preload_libraries=pg_stat_statements "$@"
    ;;
  roles)
    OWNER_PASSWORD=$(cat "$SATCHEL_OWNER_PASSWORD_FILE") PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
    export OWNER_PASSWORD PGPASSWORD
    run() { psql --no-psqlrc --quiet --host "${PGHOST:-postgres}" --username postgres --dbname postgres "$@"; }
    if [ -n "${SATCHEL_MONITOR_PASSWORD_FILE:-}" ]; then
      MONITOR_PASSWORD=$(cat "$SATCHEL_MONITOR_PASSWORD_FILE")
      export MONITOR_PASSWORD
    fi
    run --file /usr/share/satchel/roles.sql
    [ -n "${TEMPORAL_PASSWORD_FILE:-}" ] || exit 0
    TEMPORAL_PASSWORD=$(cat "$TEMPORAL_PASSWORD_FILE")
    export TEMPORAL_PASSWORD
    run <<'SQL'
\set ON_ERROR_STOP on
\getenv password TEMPORAL_PASSWORD
select 'create role temporal' where not exists (select from pg_roles where rolname = 'temporal') \gexec
alter role temporal login password :'password';
select 'create database ' || d || ' owner temporal' from unnest(array['temporal', 'temporal_visibility']) d
 where not exists (select from pg_database where datname = d) \gexec
SQL
    ;;
  pooler)
    umask 077
    printf '"satchel_app" "%s"\n' "$(cat "$SATCHEL_APP_PASSWORD_FILE")" >/tmp/userlist.txt
    cat >/tmp/pgbouncer.ini <<INI
[databases]
satchel = host=${PGHOST:-postgres} port=5432 dbname=satchel
[pgbouncer]
listen_addr = *
listen_port = 6432
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /tmp/userlist.txt
pool_mode = transaction
default_pool_size = ${SATCHEL_POOL_SIZE:-40}
max_client_conn = 500
ignore_startup_parameters = extra_float_digits,statement_timeout,idle_in_transaction_session_timeout
INI
    exec /usr/sbin/pgbouncer /tmp/pgbouncer.ini
    ;;
  ready) exec "$bin/pg_isready" --quiet --host 127.0.0.1 --port "${2:-5432}" ;;
  *) echo "usage: server, roles, pooler or ready" >&2; exit 2 ;;
esac
