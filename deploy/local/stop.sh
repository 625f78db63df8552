#!/usr/bin/env bash
# make stop: ends everything of this stack, anyone who started it.
set -euo pipefail
# shellcheck source=lib/all.sh
. "$(dirname "$0")/lib/all.sh"

if [[ -z $(leftovers) ]]; then
  say "Nothing of $SATCHEL_LOCAL is running."
else
  end_leftovers
  say "Stopped."
fi
