#!/bin/sh
# Runs the Temporal server on PostgreSQL, brings its schema up to date, runs its UI, or asks whether it answers.
# POSTGRES_PWD_FILE is the password of the role temporal; the other settings are Temporal's own variables.
set -eu
export DB=postgres12 POSTGRES_SEEDS="${POSTGRES_SEEDS:-postgres}" POSTGRES_USER="${POSTGRES_USER:-temporal}"
case ${1:-server} in
  server)
    POSTGRES_PWD=$(cat "$POSTGRES_PWD_FILE")
    address=$(hostname -i | cut -d' ' -f1)
    export POSTGRES_PWD BIND_ON_IP=0.0.0.0 TEMPORAL_BROADCAST_ADDRESS="$address" DYNAMIC_CONFIG_FILE_PATH=/etc/temporal/dynamicconfig.yaml
    exec /usr/bin/temporal-server --allow-no-auth start
    ;;
  schema)
    SQL_PASSWORD=$(cat "$POSTGRES_PWD_FILE")
    export SQL_PASSWORD SQL_PLUGIN=postgres12 SQL_HOST="$POSTGRES_SEEDS" SQL_PORT=5432 SQL_USER="$POSTGRES_USER"
    for part in temporal visibility; do
      database=temporal
      [ "$part" = temporal ] || database=temporal_visibility
      tool="/usr/bin/temporal-sql-tool --database $database"
      $tool setup-schema --version 0.0 || true # it is there already
      $tool update-schema --schema-name "postgresql/v12/$part"
    done
    ;;
  ui) exec /usr/bin/temporal-ui --config /etc/temporal --env ui start ;;
  ready) exec /usr/bin/satchel ready "${2:-http://127.0.0.1:7243/api/v1/system-info}" ;;
  *) echo "usage: server, schema, ui or ready" >&2; exit 2 ;;
esac
