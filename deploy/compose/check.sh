#!/usr/bin/env bash
# Uploads a text and a document through the proxy of the trial, waits until they are published with previews, and reads
# them back by the address of the content host. `./trial.sh up` comes first.
set -euo pipefail
cd "$(dirname "$0")"
port=${SATCHEL_PORT:-8443}
names=()
for name in files content login; do names+=(--resolve "$name.satchel.test:8443:127.0.0.1" --connect-to "$name.satchel.test:8443:127.0.0.1:$port"); done
call() { curl --silent --show-error --fail-with-body --cacert trial/tls/ca.pem "${names[@]}" "$@"; }
api=https://files.satchel.test:8443/api/v1
run() { if docker compose version >/dev/null 2>&1; then docker compose --project-name satchel-trial "$@"; else docker-compose --project-name satchel-trial "$@"; fi; }

mint() { call --request POST https://login.satchel.test:8443/mint --header "Authorization: Bearer $(cat secrets/issuer-secret)" --json "{\"subject\": \"$1\"}" | jq -r .access_token; }
./trial.sh run --rm migrate operator --issuer https://login.satchel.test:8443 --subject operator >/dev/null 2>&1
operator=$(mint operator)
slug=trial-$(date +%s)
org=$(call "$api/organizations?wait=25" --header "Authorization: Bearer $operator" --json "{\"slug\": \"$slug\", \"name\": \"Trial\", \"tier\": \"enterprise\"}" | jq -r .id)
echo "organization $org is set up: Temporal and the worker answer"
call "$api/organizations/$org/members" --header "Authorization: Bearer $operator" --json '{"issuer": "https://login.satchel.test:8443", "subject": "teacher", "role": "teacher"}' >/dev/null
teacher=$(mint teacher)
auth=(--header "Authorization: Bearer $teacher" --header "X-Organization-ID: $org")
document=$(mktemp --suffix .rtf)
trap 'rm -f "$document" "$document.back"' EXIT
printf '{\\rtf1 The water cycle: %s\\par}' "$slug" >"$document"
file=$(call "$api/storage/upload" "${auth[@]}" --form "file=@$document;filename=water.rtf" | jq -r .id)
for _ in $(seq 60); do
  shown=$(call "$api/storage/files/$file" "${auth[@]}")
  [[ $(jq -r '.status + .preview' <<<"$shown") == publishedready ]] && break
  sleep 1
done
jq -r '"\(.name): \(.status), previews \(.preview), \(.renditions | length) pictures"' <<<"$shown"
url=$(call "$api/storage/files/$file/link" "${auth[@]}" --json "{}" | jq -r .url)
call "$url" --output "$document.back"
cmp "$document" "$document.back"
echo "the bytes came back by $(cut -d/ -f3 <<<"$url"), through Varnish"
