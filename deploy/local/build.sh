#!/usr/bin/env bash
# make build: everything that `make run` and `make lint` need, and nothing is started.
set -euo pipefail
# shellcheck source=lib/all.sh
. "$(dirname "$0")/lib/all.sh"
trap abandon EXIT
trap 'exit 130' INT TERM HUP

prepare_folders
install all process-compose versitygw temporal "$@"
