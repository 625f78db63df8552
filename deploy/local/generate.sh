#!/usr/bin/env bash
# make generate: the query code of sqlc.yaml, checked against a real database with this build's schema.
set -euo pipefail
export SATCHEL_LOCAL=${SATCHEL_LOCAL:-.local/generate} SATCHEL_PORT_BASE=${SATCHEL_PORT_BASE:-8560}
# shellcheck source=lib/scratch.sh
. "$(dirname "$0")/lib/scratch.sh"
end_leftovers
rm -rf "$SATCHEL_LOCAL/data" # a migration that is still being written changes without changing its number
scratch_database migrate sqlc

alone SQLC_DATABASE_URL="$(postgres_url satchel_owner satchel)" "$SATCHEL_TOOLS/sqlc" generate
say "Generated; 'git diff' shows what changed."
