#!/usr/bin/env bash
# make vitals: what the console costs a browser, and files that are sent while something is wrong, against a stack of its own.
# --only NAMES measures these (loads, list, uploads, faults; with commas between), --json FILE writes the figures there.
# Other arguments are Playwright's.
set -euo pipefail
files=() arguments=() json=''
while (($#)); do
  case $1 in
    --only)
      IFS=, read -ra names <<<"${2:?--only needs names: loads, list, uploads, faults}"
      for name in "${names[@]}"; do files+=("vitals/$name.spec.ts"); done
      shift 2
      ;;
    --json)
      json=$(realpath -m "${2:?--json needs the name of a file}")
      shift 2
      ;;
    *)
      arguments+=("$1")
      shift
      ;;
  esac
done
export SATCHEL_LOCAL=${SATCHEL_LOCAL:-.local/vitals} SATCHEL_PORT_BASE=${SATCHEL_PORT_BASE:-8680}
# shellcheck source=lib/scratch.sh
. "$(dirname "$0")/lib/scratch.sh"
export SATCHEL_BROWSER=yes
export SATCHEL_EDGE_DRIVER=none # every purge is lost: no figure rests on them
export SATCHEL_ADDRESS_REQUESTS_PER_MINUTE=1000000 # all of them come from this machine's one address
export SATCHEL_POSTGRES_DURABLE=on # figures count with a disk that is waited for
scratch_stack
demo school >/dev/null

alone --chdir="$root/web" SATCHEL_VITALS=1 SATCHEL_VITALS_JSON="$json" SATCHEL_STACK_FILE="$SATCHEL_LOCAL/satchel.json" SATCHEL_API_URL="$SATCHEL_API_URL" SATCHEL_TOOLS="$SATCHEL_TOOLS" \
  npx playwright test "${files[@]}" "${arguments[@]}"
