#!/usr/bin/env bash
# Makes the owner role and its database, or brings the role's password up to date.
set -euo pipefail
# shellcheck source=../lib/env.sh
. "$(dirname "$0")/../lib/env.sh"

OWNER_PASSWORD=$(secret postgres-satchel_owner) PGPASSWORD=$(secret postgres-postgres)
export OWNER_PASSWORD PGPASSWORD
exec psql --no-psqlrc --quiet --host 127.0.0.1 --port "$SATCHEL_PORT_POSTGRES" --username postgres --dbname postgres \
  --file "$SATCHEL_ROOT/deploy/local/services/roles.sql"
