#!/usr/bin/env bash
# Runs versitygw over a plain folder. buckets.sh makes the buckets, through the store itself: one that was made as a
# folder has no owner, and copying out of it fails for every account but the root's.
set -euo pipefail
# shellcheck source=../lib/env.sh
. "$(dirname "$0")/../lib/env.sh"
# shellcheck source=../lib/tools.sh
. "$(dirname "$0")/../lib/tools.sh"

# program_accounts: the accounts of api and worker, and the one that reaches data keys alone, for both. They have no
# rights but those that a bucket's policy gives. Secrets go by the environment: an argument could be read by everyone on the machine.
program_accounts() {
  api_key=$(secret s3-api-access-key) api_secret=$(secret s3-api-secret-key) \
    keys_key=$(secret s3-keys-access-key) keys_secret=$(secret s3-keys-secret-key) \
    worker_key=$(secret s3-worker-access-key) worker_secret=$(secret s3-worker-secret-key) \
    jq -n 'def account($key; $secret): {($key): {access: $key, secret: $secret, role: "user", userID: 0, groupID: 0, projectID: 0}};
      {accessAccounts: (account(env.api_key; env.api_secret) + account(env.worker_key; env.worker_secret) + account(env.keys_key; env.keys_secret))}'
}

folder=$SATCHEL_LOCAL/data/s3
accounts=$SATCHEL_LOCAL/data/s3-accounts
(umask 077 && mkdir -p "$folder" "$accounts" && program_accounts >"$accounts/users.json")

ROOT_ACCESS_KEY=$(secret s3-access-key) ROOT_SECRET_KEY=$(secret s3-secret-key)
export ROOT_ACCESS_KEY ROOT_SECRET_KEY
# The ETag is the checksum that is taken anyway, the SHA-256 where the API sends one, instead of an MD5 beside it.
exec "$(versitygw_program)" --port "$SATCHEL_S3_ENDPOINT" --region "$SATCHEL_S3_REGION" --health /health --quiet --keep-alive \
  --iam-dir "$accounts" posix --data-integrity-etag "$folder"
