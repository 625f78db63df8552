#!/usr/bin/env bash
# make chart: what deploy/chart renders, by helm. make kube-api: the same, and what an API server of Kubernetes says of it.
# The first build of these tools takes long, so neither is part of `make test`.
set -euo pipefail
[[ ${1:-} != api ]] || export SATCHEL_KUBE=yes
# shellcheck source=lib/all.sh
. "$(dirname "$0")/lib/all.sh"
trap abandon EXIT
trap 'exit 130' INT TERM HUP

tools=(helm)
[[ ${1:-} != api ]] || tools+=(kube-apiserver)
prepare_folders
install none "${tools[@]}"
cd "$SATCHEL_ROOT"
say "Checking deploy/chart"
SATCHEL_CHART_TOOLS=$SATCHEL_TOOLS SATCHEL_KUBE=${SATCHEL_KUBE:-} go test -trimpath -count=1 -timeout 30m -v ./deploy/chart |
  grep -vE '^=== |^    --- PASS'
