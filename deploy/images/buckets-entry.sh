#!/usr/bin/env bash
# Makes the buckets with their rules (deploy/buckets.sh). SECRETS is the folder of the accounts' keys; names of buckets may be set.
set -euo pipefail
secret() { cat "$SECRETS/$1"; }
SATCHEL_S3_STAGING_BUCKET=${SATCHEL_S3_STAGING_BUCKET:-satchel-staging} SATCHEL_S3_CLEAN_BUCKET=${SATCHEL_S3_CLEAN_BUCKET:-satchel-clean}
SATCHEL_S3_QUARANTINE_BUCKET=${SATCHEL_S3_QUARANTINE_BUCKET:-satchel-quarantine} SATCHEL_S3_AUDIT_BUCKET=${SATCHEL_S3_AUDIT_BUCKET:-satchel-audit}
SATCHEL_S3_EXPORTS_BUCKET=${SATCHEL_S3_EXPORTS_BUCKET:-satchel-exports} SATCHEL_S3_KEYS_BUCKET=${SATCHEL_S3_KEYS_BUCKET:-satchel-keys}
SATCHEL_ROSTER_INBOX_BUCKET=${SATCHEL_ROSTER_INBOX_BUCKET:-satchel-inbox}
# shellcheck source=../buckets.sh
. /usr/share/satchel/buckets.sh
echo "buckets: ready"
