#!/usr/bin/env bash
# make chaos: uploads while parts of a stack of its own are killed, judged by what the clients wrote down. `make chaos
# ARGS=--help` tells what can be chosen. The ledger stays in the stack's folder, log/chaos-ledger.jsonl.
set -euo pipefail
export SATCHEL_LOCAL=${SATCHEL_LOCAL:-.local/chaos} SATCHEL_PORT_BASE=${SATCHEL_PORT_BASE:-8720}
if [[ " $* " == *' --help '* ]]; then
  exec go run -C "$(dirname "$0")/../.." -trimpath ./bench/chaos --help
fi
# shellcheck source=lib/scratch.sh
. "$(dirname "$0")/lib/scratch.sh"
export SATCHEL_EDGE_DRIVER=none # no purge has to arrive
export SATCHEL_ADDRESS_REQUESTS_PER_MINUTE=1000000 # all clients come from this machine's one address
scratch_stack

alone go run -trimpath ./bench/chaos --stack "$SATCHEL_LOCAL/satchel.json" "$@"
