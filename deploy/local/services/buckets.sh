#!/usr/bin/env bash
# Makes the buckets with their rules (deploy/buckets.sh), and the key of the audit log.
set -euo pipefail
# shellcheck source=../lib/env.sh
. "$(dirname "$0")/../lib/env.sh"
# shellcheck source=../../buckets.sh
. "$SATCHEL_ROOT/deploy/buckets.sh"

cd "$SATCHEL_LOCAL/secrets"
[[ -s audit-key && -s audit-public-key ]] || "$SATCHEL_TOOLS/satchel" audit keygen --out .
