#!/usr/bin/env bash
# make kube: the chart on a node of Kubernetes. It is installed, files are sent, the release is replaced and put back while
# they are, and it is uninstalled; no request may fail. The images are those that `make images` made last
# (SATCHEL_IMAGES_VERSION: another version), the same for the release before and the one after, under two tags.
#
# The node needs root, and has namespaces of its own (lib/node.sh): it ends with this script, and changes nothing of the
# machine. PostgreSQL, the store, Temporal and the issuer are those of a local stack beside it.
set -euo pipefail
export SATCHEL_LOCAL=${SATCHEL_LOCAL:-.local/kube} SATCHEL_PORT_BASE=${SATCHEL_PORT_BASE:-9000}
if [[ " $* " == *' --help '* ]]; then
  exec go run -C "$(dirname "$0")/../.." -trimpath ./bench/upgrade kube --help
fi
export SATCHEL_NODE=yes
# shellcheck source=lib/scratch.sh
. "$(dirname "$0")/lib/scratch.sh"
# shellcheck source=lib/node.sh
. "$(dirname "$0")/lib/node.sh"
export SATCHEL_EDGE_DRIVER=none SATCHEL_CLAMD_SIGNATURES=$SATCHEL_ROOT/deploy/local/clamd
export SATCHEL_OIDC_ISSUER=http://$node_address:$SATCHEL_PORT_ISSUER # as pods reach it
version=${SATCHEL_IMAGES_VERSION:-latest}
images=()
for image in api migrate worker clamd; do images+=("$image:$version"); done

# outside: what needs the network of the machine.
outside() {
  [[ $(id -u) == 0 ]] || { say "A node of Kubernetes needs root, and none of what it does reaches beyond this script: sudo make kube"; exit 1; }
  prepare_folders
  lock_stack
  install all process-compose versitygw temporal helm kubernetes
  for image in "${images[@]}"; do
    docker image inspect "satchel/$image" >/dev/null || { say "satchel/$image is missing: make images"; exit 1; }
  done
  mkdir -p "$SATCHEL_LOCAL/pause"
  CGO_ENABLED=0 GOWORK=off go build -C "$SATCHEL_ROOT/deploy/tools/kube" -trimpath -buildvcs=false -ldflags='-s -w' -o "$SATCHEL_LOCAL/pause/pause" ./pause
  printf 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n' | docker build --quiet --file - --tag satchel/pause:node "$SATCHEL_LOCAL/pause" >/dev/null
  (cd "$SATCHEL_ROOT" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$SATCHEL_LOCAL/driver" ./bench/upgrade)
}

# secrets of a part: the keys that the chart names, from the files of the stack. SECRET is one to set by hand.
secret_of() {
  local name=$1 key from data='{}'
  shift
  for key; do
    from=${key#*=}
    data=$(jq --arg key "${key%%=*}" --arg value "$(base64 -w0 <"$SATCHEL_LOCAL/secrets/$from")" '.[$key] = $value' <<<"$data")
  done
  node_ask POST /api/v1/namespaces/platform/secrets "$(jq -n --arg name "$name" --argjson data "$data" '{apiVersion: "v1", kind: "Secret", metadata: {name: $name}, data: $data}')" >/dev/null
}

# before the chart: what docs/kubernetes.md says that must be there.
prepare_namespace() {
  node_ask POST /api/v1/namespaces '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "platform", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}' >/dev/null
  eventually 60 "the account of the namespace" node_ask GET /api/v1/namespaces/platform/serviceaccounts/default
  local url
  for url in owner-database-url database-url; do # as pods reach it
    sed "s/@127\.0\.0\.1:/@$node_address:/" "$SATCHEL_LOCAL/secrets/$url" >"$SATCHEL_LOCAL/secrets/pods-$url"
  done
  local both=(database-url=pods-database-url kms-keys=kms-keys secrets-key=secrets-key people-hash-key=people-hash-key s3-keys-access-key=s3-keys-access-key s3-keys-secret-key=s3-keys-secret-key)
  secret_of satchel-migrate owner-database-url=pods-owner-database-url app-password=postgres-satchel_app
  secret_of satchel-api "${both[@]}" s3-access-key=s3-api-access-key s3-secret-key=s3-api-secret-key content-keys=content-keys
  secret_of satchel-worker "${both[@]}" s3-access-key=s3-worker-access-key s3-secret-key=s3-worker-secret-key audit-key=audit-key
  # Signatures that are there: no mirror is reached from the node.
  local claim='"accessModes": ["ReadWriteMany"], "storageClassName": "", "volumeName": "signatures", "resources": {"requests": {"storage": "1Gi"}}'
  node_ask POST /api/v1/persistentvolumes "{\"apiVersion\": \"v1\", \"kind\": \"PersistentVolume\", \"metadata\": {\"name\": \"signatures\"}, \"spec\": {\"capacity\": {\"storage\": \"1Gi\"}, \"accessModes\": [\"ReadWriteMany\"], \"hostPath\": {\"path\": \"$node/signatures\"}}}" >/dev/null
  node_ask POST /api/v1/namespaces/platform/persistentvolumeclaims "{\"apiVersion\": \"v1\", \"kind\": \"PersistentVolumeClaim\", \"metadata\": {\"name\": \"signatures\"}, \"spec\": {$claim}}" >/dev/null
}

values() {
  cat >"$SATCHEL_LOCAL/values.yaml" <<VALUES
settings:
  SATCHEL_API_URL: $SATCHEL_API_URL
  SATCHEL_CONTENT_URL: $SATCHEL_CONTENT_URL
  SATCHEL_OIDC_ISSUER: $SATCHEL_OIDC_ISSUER
  SATCHEL_OIDC_CONSOLE_CLIENT_ID: satchel-console
  SATCHEL_TEMPORAL_ADDRESS: $node_address:$SATCHEL_PORT_TEMPORAL
  SATCHEL_S3_ENDPOINT: $node_address:$SATCHEL_PORT_S3
  SATCHEL_S3_REGION: us-east-1
  SATCHEL_S3_TLS: "false"
  SATCHEL_S3_STAGING_BUCKET: $SATCHEL_S3_STAGING_BUCKET
  SATCHEL_S3_CLEAN_BUCKET: $SATCHEL_S3_CLEAN_BUCKET
  SATCHEL_S3_QUARANTINE_BUCKET: $SATCHEL_S3_QUARANTINE_BUCKET
  SATCHEL_S3_AUDIT_BUCKET: $SATCHEL_S3_AUDIT_BUCKET
  SATCHEL_S3_EXPORTS_BUCKET: $SATCHEL_S3_EXPORTS_BUCKET
  SATCHEL_S3_KEYS_BUCKET: $SATCHEL_S3_KEYS_BUCKET
  SATCHEL_SMTP_HOST: 127.0.0.1 # no mail is part of this
  SATCHEL_SMTP_TLS: none
  SATCHEL_SMTP_FROM: Satchel <no-reply@satchel.invalid>
  SATCHEL_ADDRESS_REQUESTS_PER_MINUTE: "1000000" # all clients come from one address
api: {resources: {requests: {cpu: 50m, memory: 128Mi, ephemeral-storage: 100Mi}, limits: {memory: 768Mi}}}
worker: {replicas: 1, resources: {requests: {cpu: 50m, memory: 256Mi, ephemeral-storage: 100Mi}, limits: {memory: 2Gi}}}
migrate: {resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 512Mi}}}
clamd:
  existingClaim: signatures
  resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 512Mi}}
  freshclamResources: {requests: {cpu: 10m, memory: 32Mi}, limits: {memory: 256Mi}}
edge: {enabled: false} # there are no names here, by which it would find the API
VALUES
}

inside() {
  trap stop_stack EXIT
  start_node "${images[@]}"
  say "  a node of Kubernetes is ready, after $SECONDS s"
  start_stack postgres roles temporal s3 buckets issuer mailbox
  write_stack_file
  prepare_namespace
  values
  alone "$SATCHEL_LOCAL/driver" kube --stack "$SATCHEL_LOCAL/satchel.json" --chart "$SATCHEL_ROOT/deploy/chart" --values "$SATCHEL_LOCAL/values.yaml" --helm "$SATCHEL_TOOLS/helm" \
    --demo "$SATCHEL_TOOLS/demo" --kubeconfig "$node/kubeconfig" --listen "$SATCHEL_API_LISTEN" "$@"
}

if [[ ${SATCHEL_INSIDE:-} == yes ]]; then
  inside "$@"
else
  outside
  rm -rf "${SATCHEL_LOCAL:?}"/{node,data}
  trap 'end_node; rm -rf "${SATCHEL_LOCAL:?}"/{node,data}' EXIT
  # What a killed run left is gone with its namespaces, but for its files.
  SATCHEL_INSIDE=yes unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$@"
fi
