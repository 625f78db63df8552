#!/usr/bin/env bash
# make e2e: the end-to-end tests against a whole stack of their own.
set -euo pipefail
export SATCHEL_LOCAL=${SATCHEL_LOCAL:-.local/test} SATCHEL_PORT_BASE=${SATCHEL_PORT_BASE:-8500}
export SATCHEL_PREVIEWS=yes   # and sends files of every kind
export SATCHEL_TESTS=yes      # and asks a Prometheus for what the boards show
export SATCHEL_BROWSER=yes    # a test reads mails and answers invitations in one
export SATCHEL_EDGE_DRIVER=none # every purge is lost: what is revoked is refused all the same
export SATCHEL_UPLOAD_TTL=60s # a test waits for abandoned uploads to expire
[[ -z ${PICTURES:-} ]] || export SATCHEL_FRESH=yes # pictures are of a new school alone
# shellcheck source=lib/scratch.sh
. "$(dirname "$0")/lib/scratch.sh"
scratch_stack gotestsum

# Of the whole, up to three tests that fail run a second time: here a browser, a virus scanner and a database share two
# processors with the test. The summary of make test names what needed it. What one works on runs once.
again=(--rerun-fails=1 --rerun-fails-max-failures=3 --rerun-fails-run-root-test --rerun-fails-abort-on-data-race)
(($# == 0)) || again=()
alone SATCHEL_STACK_FILE="$SATCHEL_LOCAL/satchel.json" \
  "$SATCHEL_TOOLS/gotestsum" --format pkgname --jsonfile "$SATCHEL_LOCAL/log/e2e.json" "${again[@]}" --packages ./e2e/... -- -count=1 -trimpath -timeout 45m "$@"
all_ended "$SATCHEL_LOCAL/log/e2e.json"
