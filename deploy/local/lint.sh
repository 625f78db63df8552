#!/usr/bin/env bash
# make lint: golangci-lint, workflowcheck for the determinism of workflows, shellcheck for the scripts, govulncheck for
# known vulnerabilities.
set -euo pipefail
export SATCHEL_CHECKS=yes
# shellcheck source=lib/all.sh
. "$(dirname "$0")/lib/all.sh"
trap abandon EXIT
trap 'exit 130' INT TERM HUP

prepare_folders
install none golangci-lint workflowcheck govulncheck
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

# one_toolchain: every go.mod names the toolchain of the product.
# shellcheck disable=SC2317 # check calls it
one_toolchain() {
  local other
  other=$(grep -L "^toolchain $GOTOOLCHAIN$" go.mod deploy/tools/*/go.mod deploy/local/temporal/go.mod || true)
  [[ -n $other ]] || return 0
  printf '%s\n' "without the line 'toolchain $GOTOOLCHAIN':" "$other"
  return 1
}

# vulnerabilities: the known ones that the code reaches, compared with the allow list. The database comes with a Go
# module, so nothing is asked of the network once the module is in the cache.
# shellcheck disable=SC2317 # check calls it
vulnerabilities() {
  local module found=$SATCHEL_LOCAL/log/govulncheck.json
  module=$(GOWORK=off go list -C deploy/tools/vulndb -f '{{.Module.Dir}}' golang.org/x/vulndb/cmd/vulnreport/color) &&
    "$SATCHEL_TOOLS/govulncheck" -db "file://$module/data/osv" -format json ./... >"$found" &&
    go run ./deploy/tools/vulnerabilities <"$found"
}

say "Checking"
check shellcheck shellcheck deploy/local/*.sh deploy/local/services/*.sh .ci/run
check gofmt test -z "$(find . -name '*.go' -not -path './.*' -not -path '*/node_modules/*' -print0 | xargs -0 "$(go env GOROOT)/bin/gofmt" -l | tee >(cat >&2))" # tee /dev/stderr would empty a log file
check toolchain one_toolchain
check workflowcheck "$SATCHEL_TOOLS/workflowcheck" ./workflows/...
check govulncheck vulnerabilities
check golangci-lint "$SATCHEL_TOOLS/golangci-lint" run ./...
exit "$status"
