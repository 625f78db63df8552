#!/usr/bin/env bash
# Makes the secrets of this installation and its settings, once; what is there is kept. Needs openssl, and docker for the
# key that signs the audit logs.
#
#   ./init.sh files.school.example https://login.school.example
set -euo pipefail
cd "$(dirname "$0")"
if (($# != 2)); then
  echo "usage: ./init.sh HOST ISSUER    HOST is the name of this installation, such as files.school.example;" >&2
  echo "                                ISSUER the address of your OpenID Connect provider" >&2
  exit 2
fi
host=$1 issuer=$2
# A file of secrets is mounted as it is, and each program runs as a user of its own: the folder is what keeps others out.
umask 077
mkdir -p secrets secrets/store-accounts
umask 022

# once NAME COMMAND...: the file is made by the command's output, if it is not there.
once() {
  local name=$1
  shift
  [[ -s secrets/$name ]] || { "$@" >"secrets/$name.new" && chmod 444 "secrets/$name.new" && mv "secrets/$name.new" "secrets/$name"; }
}
password() { openssl rand -hex 24 | tr -d '\n'; }
line() { printf '%s' "$1"; }
value() { cat "secrets/$1"; }

for name in postgres-{postgres,satchel_owner,satchel_app,satchel_monitor,temporal} s3{,-api,-worker,-keys}-{access,secret}-key people-hash-key content-keys edge-keys; do once "$name" password; done
once secrets-key openssl rand -base64 32
key() { printf 'first %s\n' "$(openssl rand -base64 32)"; }
once kms-keys key
once owner-database-url line "postgres://satchel_owner:$(value postgres-satchel_owner)@postgres:5432/satchel?sslmode=disable"
once database-url line "postgres://satchel_app:$(value postgres-satchel_app)@pooler:6432/satchel?sslmode=disable"
once database-session-url line "postgres://satchel_app:$(value postgres-satchel_app)@postgres:5432/satchel?sslmode=disable"
once store.env line "ROOT_ACCESS_KEY=$(value s3-access-key)
ROOT_SECRET_KEY=$(value s3-secret-key)
"
account() { printf '"%s": {"access": "%s", "secret": "%s", "role": "user", "userID": 0, "groupID": 0, "projectID": 0}' "$(value "s3-$1-access-key")" "$(value "s3-$1-access-key")" "$(value "s3-$1-secret-key")"; }
once store-accounts/users.json line "{\"accessAccounts\": {$(account api), $(account worker), $(account keys)}}"
chmod 755 secrets/store-accounts
if [[ ! -s secrets/audit-key ]]; then
  pair=$(mktemp -d)
  chmod 777 "$pair"
  docker run --rm --read-only --cap-drop ALL --network none --volume "$pair:/pair" --entrypoint /usr/bin/satchel "satchel/api:${SATCHEL_VERSION:-latest}" audit keygen --out /pair
  cp "$pair"/audit-key "$pair"/audit-public-key secrets/ && chmod 444 secrets/audit-key secrets/audit-public-key
  rm -rf "$pair"
fi
[[ -e settings.env ]] || (umask 077 && cp settings.env.example settings.env)
[[ -s alertmanager.yaml ]] || cp ../prometheus/alertmanager.yaml .
[[ -s .env ]] || cat >.env <<ENV
# Settings of this installation; docs/settings.md explains those of the programs.
SATCHEL_VERSION=latest
SATCHEL_HOST=$host
SATCHEL_CONTENT_HOST=content.$host
SATCHEL_TEMPORAL_HOST=temporal.$host
# A mail address: certificates of a public authority. "internal": an authority of this installation's own.
SATCHEL_TLS=internal
SATCHEL_OIDC_ISSUER=$issuer
SATCHEL_SMTP_HOST=mail.${host#*.}
SATCHEL_SMTP_PORT=587
SATCHEL_SMTP_TLS=starttls
SATCHEL_SMTP_USER=
SATCHEL_SMTP_PASSWORD=
SATCHEL_SMTP_FROM=Satchel <no-reply@$host>
ENV
echo "Secrets are in $PWD/secrets, settings in $PWD/.env. Keep a copy of both where the machine's disk is not:"
echo "without secrets/kms-keys no file can be opened."
