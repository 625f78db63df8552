#!/usr/bin/env bash
# make bench: measures a whole stack of its own. `make bench ARGS=--help` tells what.
set -euo pipefail
export SATCHEL_LOCAL=${SATCHEL_LOCAL:-.local/bench} SATCHEL_PORT_BASE=${SATCHEL_PORT_BASE:-8590}
# shellcheck source=lib/scratch.sh
. "$(dirname "$0")/lib/scratch.sh"
export SATCHEL_FRESH=${SATCHEL_FRESH-1} # the previews and texts of files of a run before would be made beside the measurement; empty keeps its data
export SATCHEL_EDGE_DRIVER=none # every purge is lost: figures of the edge do not rest on them
export SATCHEL_ADDRESS_REQUESTS_PER_MINUTE=1000000 # hundreds of visitors come from this machine's one address
export SATCHEL_POSTGRES_DURABLE=on # figures count with a disk that is waited for
scratch_stack

alone go run ./bench --stack "$SATCHEL_LOCAL/satchel.json" "$@"
