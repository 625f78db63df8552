# shellcheck shell=bash
# The buckets, and what the account of each program may do: the api brings bytes in and hands published ones out,
# and only the worker, which has seen the verdict, writes into the clean bucket. Safe to repeat. A script that sources
# this has the variables of the store, and a function `secret NAME`.

# put PATH [BODY]: the store's answer must be one of success, or that it is so already. The keys travel in a
# configuration on standard input: an argument could be read by everyone on the machine.
put() {
  local status
  status=$(curl --silent --show-error --output /dev/null --write-out '%{http_code}' --config - --request PUT --data-binary "${2-}" \
    --aws-sigv4 "aws:amz:$SATCHEL_S3_REGION:s3" --header 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "http://$SATCHEL_S3_ENDPOINT/$1" \
    <<<"user = \"$(secret s3-access-key):$(secret s3-secret-key)\"")
  [[ $status == 20? || $status == 409 ]] || { echo "PUT /$1: the store answers $status" >&2; return 1; }
}

# allow BUCKET ACCOUNT ACTION...: one statement of a policy.
allow() {
  local bucket=$1 access
  access=$(secret "s3-$2-access-key")
  shift 2
  jq -n --arg bucket "arn:aws:s3:::$bucket" --arg access "$access" \
    '{Effect: "Allow", Principal: {AWS: [$access]}, Action: $ARGS.positional, Resource: [$bucket, $bucket + "/*"]}' --args "$@"
}

# policy BUCKET: the statements come on standard input.
policy() { put "$1?policy=" "$(jq -s '{Version: "2012-10-17", Statement: .}')"; }

# What the worker signs about the audit logs goes into a bucket of its own, and stays: it may not remove it.
for bucket in "$SATCHEL_S3_STAGING_BUCKET" "$SATCHEL_S3_CLEAN_BUCKET" "$SATCHEL_S3_QUARANTINE_BUCKET" "$SATCHEL_S3_AUDIT_BUCKET" \
  "$SATCHEL_S3_EXPORTS_BUCKET" "$SATCHEL_S3_KEYS_BUCKET" "$SATCHEL_ROSTER_INBOX_BUCKET"; do put "$bucket"; done
{ allow "$SATCHEL_S3_STAGING_BUCKET" api 's3:*' && allow "$SATCHEL_S3_STAGING_BUCKET" worker 's3:*'; } | policy "$SATCHEL_S3_STAGING_BUCKET"
{ allow "$SATCHEL_S3_CLEAN_BUCKET" api s3:GetObject s3:ListBucket && allow "$SATCHEL_S3_CLEAN_BUCKET" worker 's3:*'; } | policy "$SATCHEL_S3_CLEAN_BUCKET"
allow "$SATCHEL_S3_QUARANTINE_BUCKET" worker 's3:*' | policy "$SATCHEL_S3_QUARANTINE_BUCKET"
allow "$SATCHEL_S3_AUDIT_BUCKET" worker s3:GetObject s3:ListBucket s3:PutObject | policy "$SATCHEL_S3_AUDIT_BUCKET"
{ allow "$SATCHEL_S3_EXPORTS_BUCKET" api s3:GetObject s3:ListBucket && allow "$SATCHEL_S3_EXPORTS_BUCKET" worker 's3:*'; } |
  policy "$SATCHEL_S3_EXPORTS_BUCKET"
allow "$SATCHEL_S3_KEYS_BUCKET" keys 's3:*' | policy "$SATCHEL_S3_KEYS_BUCKET"
allow "$SATCHEL_ROSTER_INBOX_BUCKET" worker 's3:*' | policy "$SATCHEL_ROSTER_INBOX_BUCKET"

