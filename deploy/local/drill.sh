#!/usr/bin/env bash
# make drill: a restore under load, against a PostgreSQL and stores of its own; the last line says what was lost and how
# long it took.
set -euo pipefail
export SATCHEL_LOCAL=${SATCHEL_LOCAL:-.local/drill} SATCHEL_PORT_BASE=${SATCHEL_PORT_BASE:-8640}
"$(dirname "$0")/unit.sh" ./workers/pipeline -count=1 -run TestRestoreUnderLoad -drill
cd "$(dirname "$0")/../.."
sed -n 's/.*"Output":".*\(drill: .*\)\\n".*/\1/p' "$SATCHEL_LOCAL/log/unit.json"
