#!/usr/bin/env bash
# make test: everything, and one summary at the end. A failure of one part does not hide the others.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
cd "$here/../.."
# shellcheck source=lib/toolchain.sh
. "$here/lib/toolchain.sh"
folder=${SATCHEL_LOCAL:-.local} port=${SATCHEL_PORT_BASE:-8500}

require_toolchain
failed=() passed=()
part() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then passed+=("$name"); else failed+=("$name"); fi
}

# console_tests: types, style and the unit tests of the web console; its browser tests are end-to-end ones.
# shellcheck disable=SC2317 # part calls it
console_tests() {
  [[ -d web/node_modules ]] || npm --prefix web ci --no-audit --no-fund --ignore-scripts || return
  npm --prefix web run --silent check && npm --prefix web test
}

rm -f "$folder"/{unit,test}/log/{unit,e2e}.json
part unit env SATCHEL_LOCAL="$folder/unit" SATCHEL_PORT_BASE="$port" "$here/unit.sh"
part console console_tests
part temporal env CGO_ENABLED=0 go test -C deploy/local/temporal ./...
part e2e env SATCHEL_LOCAL="$folder/test" SATCHEL_PORT_BASE="$port" "$here/e2e.sh"

printf '\n== summary\npassed: %s\nfailed: %s\n' "${passed[*]:-none}" "${failed[*]:-none}"
# The plain closing lines: parents and subtests each count as one, by how their last run ended.
cat "$folder"/{unit/log/unit,test/log/e2e}.json 2>/dev/null | jq -rs '
  map(select(.Test != null and (.Action | IN("pass", "fail", "skip")))) | group_by([.Package, .Test]) as $tests |
  def count(action): $tests | map(select(.[-1].Action == action)) | length;
  ($tests[] | select(.[-1].Action == "pass" and any(.[]; .Action == "fail")) | "passed at the second try: \(.[0].Package) \(.[0].Test)"),
  "\(count("pass")) passed, \(count("fail")) failed, \(count("skip")) skipped"'
((${#failed[@]} == 0))
