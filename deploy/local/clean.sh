#!/usr/bin/env bash
# make clean: ends the stack and removes its data, secrets and logs. The built tools stay; TOOLS=1 removes them too.
set -euo pipefail
# shellcheck source=lib/all.sh
. "$(dirname "$0")/lib/all.sh"

end_leftovers
rm -rf "$SATCHEL_LOCAL"/{data,secrets,log,satchel.json,.lock} "$SATCHEL_RUN" "/var/tmp/${SATCHEL_RUN##*/}" "$SATCHEL_POSTGRES_IN_MEMORY"
[[ -z ${TOOLS:-} ]] || rm -rf "$SATCHEL_TOOLS"
rmdir "$SATCHEL_LOCAL" 2>/dev/null || true
say "Removed the data of $SATCHEL_LOCAL."
