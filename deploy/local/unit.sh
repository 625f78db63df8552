#!/usr/bin/env bash
# make unit: every test but the end-to-end ones, with the race detector, against a PostgreSQL of their own. It is not
# the one of `make e2e`: roles belong to a whole cluster, and these tests make Satchel's roles with other passwords.
set -euo pipefail
export SATCHEL_PREVIEWS=yes # tests run the programs that make previews
export SATCHEL_TESTS=yes    # and a pooler in front of the database, and the checks of alerts
export TEMPORAL_DEBUG=yes   # the SDK takes a workflow that a loaded machine did not run for a second for a deadlock
export SATCHEL_LOCAL=${SATCHEL_LOCAL:-.local/unit} SATCHEL_PORT_BASE=${SATCHEL_PORT_BASE:-8530}
export SATCHEL_POSTGRES_MEMORY=yes # most of the time of a test would be its database's files
(($# == 0)) || SATCHEL_POSTGRES_MEMORY=kept # while one works on a part, the next run finds the template again
# shellcheck source=lib/scratch.sh
. "$(dirname "$0")/lib/scratch.sh"
scratch_database postgres versitygw temporal gotestsum

all=()
if (($# == 0)); then
  listed=$(go list -C "$SATCHEL_ROOT" ./...) # by itself: an error of it ends this script
  mapfile -t packages < <(grep -vE '/(e2e|bench)(/|$)' <<<"$listed")
  # The longest first: begun last, they would run alone at the end while a processor waits.
  # Up to three tests that fail run a second time, as in e2e.sh.
  all=(--rerun-fails=1 --rerun-fails-max-failures=3 --rerun-fails-run-root-test --rerun-fails-abort-on-data-race --packages "./workers/pipeline ./api ./api/uploads ${packages[*]}")
fi
# What is compiled with -trimpath does not depend on the folder: another clone of the project finds it in Go's cache. Each
# program of tests is linked again, a fifth faster without what a debugger reads (-w).
alone SATCHEL_TEST_POSTGRES="$(postgres_url postgres postgres)" \
  SATCHEL_TEST_VERSITYGW="$(versitygw_program)" SATCHEL_TEST_TEMPORAL="$(temporal_program)" \
  "$SATCHEL_TOOLS/gotestsum" --format pkgname --jsonfile "$SATCHEL_LOCAL/log/unit.json" "${all[@]}" -- -race -trimpath -ldflags=-w -timeout 30m "$@"
all_ended "$SATCHEL_LOCAL/log/unit.json"
