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
if [[ " $* " == *" --previews "* ]]; then # made with the programs of the worker
  mkdir -p .local/bin
  CGO_ENABLED=1 go build -trimpath -o .local/bin/ ./cmd/render # libvips is a C library
  CGO_ENABLED=0 go build -trimpath -o .local/bin/ ./cmd/sandbox ./cmd/fragment
  export PATH=$PWD/.local/bin:$PATH
fi
exec go run ./deploy/local/judge "$folder" "$@"
