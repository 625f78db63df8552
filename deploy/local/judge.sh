#!/usr/bin/env bash
# make judge DIR=folder: which files of a folder are taken, and why the others are not. No stack is needed.
set -euo pipefail
# shellcheck source=lib/toolchain.sh
. "$(dirname "$0")/lib/toolchain.sh"
if [[ ! -d ${1:-} ]]; then
  echo "'${1:-}' is no folder; give one with files: make judge DIR=folder" >&2
  exit 2
fi
folder=$(cd "$1" && pwd -P)
shift
cd "$(dirname "$0")/../.."
exec go run ./deploy/local/judge "$folder" "$@"
