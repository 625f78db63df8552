#!/usr/bin/env bash
# make lint: golangci-lint, workflowcheck for the determinism of workflows, shellcheck for the scripts, govulncheck for
# known vulnerabilities, redocly for the API's contract, tsc for a TypeScript client that is generated from it.
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
  other=$(grep -L "^toolchain $GOTOOLCHAIN$" go.mod deploy/tools/*/go.mod deploy/local/temporal/go.mod deploy/images/temporal/go.mod || true)
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

# npm_tools: the programs of deploy/tools/openapi, as its lock file pins them. They are installed once for a lock file.
readonly contract=deploy/tools/openapi
# shellcheck disable=SC2317 # redocly and typescript call it
npm_tools() {
  local installed=$contract/node_modules/.installed
  cmp -s "$contract/package-lock.json" "$installed" && return
  npm --prefix "$contract" ci --no-audit --no-fund --ignore-scripts --loglevel=error && cp "$contract/package-lock.json" "$installed"
}

# redocly: the rules of redocly.yaml. It reports no use and looks for no newer version of itself.
# shellcheck disable=SC2317 # check calls it
redocly() {
  npm_tools && REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
    "$contract/node_modules/.bin/redocly" lint --config "$contract/redocly.yaml" api/openapi.yaml
}

# typescript: the client that is generated from the contract, and what usage.ts does with it, are of the right types.
# shellcheck disable=SC2317 # check calls it
typescript() {
  local bin=$contract/node_modules/.bin
  npm_tools && "$bin/openapi-typescript" api/openapi.yaml --redocly "$contract/redocly.yaml" --output "$contract/generated/api.ts" &&
    "$bin/tsc" --project "$contract"
}

# boards: those of deploy/grafana are what deploy/tools/boards makes.
# shellcheck disable=SC2317 # check calls it
boards() { GOWORK=off go run -C deploy/tools/boards -trimpath . -check "$SATCHEL_ROOT/deploy/grafana"; }

# site: the documentation can be made into a site, and each of its links leads somewhere.
# shellcheck disable=SC2317 # check calls it
site() { GOWORK=off go test -C deploy/tools/site -trimpath ./... && GOWORK=off go run -C deploy/tools/site -trimpath . "$SATCHEL_ROOT" "$SATCHEL_ROOT/.local/site"; }

say "Checking"
check shellcheck shellcheck deploy/*.sh deploy/local/*.sh deploy/local/services/*.sh deploy/images/*.sh deploy/compose/*.sh .ci/run
check gofmt test -z "$(find . -name '*.go' -not -path './.*' -not -path '*/node_modules/*' -print0 | xargs -0 "$(go env GOROOT)/bin/gofmt" -l | tee >(cat >&2))" # tee /dev/stderr would empty a log file
check toolchain one_toolchain
check boards boards
check site site
check redocly redocly
check typescript typescript
check workflowcheck "$SATCHEL_TOOLS/workflowcheck" ./workflows/...
check govulncheck vulnerabilities
check golangci-lint "$SATCHEL_TOOLS/golangci-lint" run ./...
exit "$status"
