#!/usr/bin/env bash
# make lint: golangci-lint, workflowcheck for the determinism of workflows, shellcheck for the scripts.
set -euo pipefail
export SATCHEL_CHECKS=yes
# shellcheck source=lib/all.sh
. "$(dirname "$0")/lib/all.sh"
trap abandon EXIT
trap 'exit 130' INT TERM HUP

prepare_folders
install none golangci-lint workflowcheck
cd "$SATCHEL_ROOT"

status=0
check() {
  local name=$1 began=$SECONDS
  shift
  if "$@"; then
    say "  $name: clean, $((SECONDS - began)) s"
  else
    say "  $name: see above"
    status=1
  fi
}
say "Checking"
check shellcheck shellcheck deploy/local/*.sh deploy/local/services/*.sh .ci/run
check gofmt test -z "$(find . -name '*.go' -not -path './.*' -not -path '*/node_modules/*' -print0 | xargs -0 gofmt -l | tee /dev/stderr)"
check workflowcheck "$SATCHEL_TOOLS/workflowcheck" ./workflows/...
check golangci-lint "$SATCHEL_TOOLS/golangci-lint" run ./...
exit "$status"
