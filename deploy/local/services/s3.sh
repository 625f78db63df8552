#!/usr/bin/env bash
# Runs versitygw over a plain folder: a bucket is a folder, so the buckets are made here.
set -euo pipefail
# shellcheck source=../lib/env.sh
. "$(dirname "$0")/../lib/env.sh"
# shellcheck source=../lib/tools.sh
. "$(dirname "$0")/../lib/tools.sh"

folder=$SATCHEL_LOCAL/data/s3
mkdir -p "$folder"/{"$SATCHEL_S3_STAGING_BUCKET","$SATCHEL_S3_CLEAN_BUCKET","$SATCHEL_S3_QUARANTINE_BUCKET"}

ROOT_ACCESS_KEY=$(secret s3-access-key) ROOT_SECRET_KEY=$(secret s3-secret-key)
export ROOT_ACCESS_KEY ROOT_SECRET_KEY
exec "$(versitygw_program)" --port "$SATCHEL_S3_ENDPOINT" --region "$SATCHEL_S3_REGION" --health /health --quiet --keep-alive posix "$folder"
