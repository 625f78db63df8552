#!/usr/bin/env bash
# make status: what the supervisor knows of each process.
set -euo pipefail
# shellcheck source=lib/all.sh
. "$(dirname "$0")/lib/all.sh"

if ! state=$(processes); then
  say "No stack runs in $SATCHEL_LOCAL; 'make run' starts one."
  exit 1
fi
{
  printf 'PROCESS\tSTATUS\tHEALTH\tPID\tRESTARTS\tAGE\tMEMORY\n'
  jq -r '.data | sort_by(.name)[] | [.name, .status, (if .has_ready_probe then .is_ready else "-" end), .pid, .restarts,
    .system_time, (if .is_running then "\(.mem / 1048576 | floor) MiB" else "-" end)] | @tsv' <<<"$state"
} | awk -F '\t' '{ printf "%-10s %-12s %-10s %8s %9s %8s %10s\n", $1, $2, $3, $4, $5, $6, $7 }'
