#!/usr/bin/env bash
# make drill: a restore under load, against a PostgreSQL and stores of its own; the last line says what was lost and how
# long it took. `make drill ARGS='-files=100000 -bytes=107374'` does it with so many files besides, in a store that survives.
set -euo pipefail
export SATCHEL_LOCAL=${SATCHEL_LOCAL:-.local/drill} SATCHEL_PORT_BASE=${SATCHEL_PORT_BASE:-8640}
# Without the race detector: what is printed is a time.
"$(dirname "$0")/unit.sh" ./workers/pipeline -race=false -count=1 -run TestRestoreUnderLoad -drill "$@"
cd "$(dirname "$0")/../.."
sed -n 's/.*"Output":".*\(drill: .*\)\\n".*/\1/p' "$SATCHEL_LOCAL/log/unit.json"
