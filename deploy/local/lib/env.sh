# shellcheck shell=bash disable=SC2034 # the variables are read by anyone who sources this
# The names, folders and ports of one local stack. Everything in this folder sources it, nothing else defines them.
#
# A stack is a folder (SATCHEL_LOCAL) and a port base (SATCHEL_PORT_BASE). Two stacks with different ones run beside
# each other; the programs built into SATCHEL_TOOLS are shared by all stacks of a checkout.

SATCHEL_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)
SATCHEL_PORT_BASE=${SATCHEL_PORT_BASE:-8400}
SATCHEL_LOCAL=${SATCHEL_LOCAL:-.local}
[[ $SATCHEL_LOCAL == /* ]] || SATCHEL_LOCAL=$SATCHEL_ROOT/$SATCHEL_LOCAL
SATCHEL_TOOLS=${SATCHEL_TOOLS:-$SATCHEL_ROOT/.local/bin}
[[ $SATCHEL_TOOLS == /* ]] || SATCHEL_TOOLS=$SATCHEL_ROOT/$SATCHEL_TOOLS
if ! [[ $SATCHEL_PORT_BASE =~ ^[0-9]+$ ]] || ((SATCHEL_PORT_BASE < 1024 || SATCHEL_PORT_BASE > 65500)); then
  echo "SATCHEL_PORT_BASE is '$SATCHEL_PORT_BASE'; give a number from 1024 to 65500" >&2
  exit 2
fi

# Unix sockets have paths of at most 107 bytes, so they live in a short folder of their own and not in the checkout.
SATCHEL_RUN=/tmp/satchel-$(printf '%s' "$SATCHEL_LOCAL" | sha256sum | cut -c1-12)
SATCHEL_SUPERVISOR_SOCKET=$SATCHEL_RUN/supervisor.sock
SATCHEL_POSTGRES_IN_MEMORY=/dev/shm/${SATCHEL_RUN##*/} # see services/postgres.sh

SATCHEL_PORT_API=$((SATCHEL_PORT_BASE + 0))
SATCHEL_PORT_CONTENT=$((SATCHEL_PORT_BASE + 1))
SATCHEL_PORT_API_METRICS=$((SATCHEL_PORT_BASE + 2))
SATCHEL_PORT_WORKER_METRICS=$((SATCHEL_PORT_BASE + 3))
SATCHEL_PORT_ISSUER=$((SATCHEL_PORT_BASE + 4))
SATCHEL_PORT_POSTGRES=$((SATCHEL_PORT_BASE + 5))
SATCHEL_PORT_TEMPORAL=$((SATCHEL_PORT_BASE + 6))
SATCHEL_PORT_TEMPORAL_UI=$((SATCHEL_PORT_BASE + 7))
SATCHEL_PORT_S3=$((SATCHEL_PORT_BASE + 8))
SATCHEL_PORT_MAILBOX=$((SATCHEL_PORT_BASE + 9))
SATCHEL_PORT_TEMPORAL_METRICS=$((SATCHEL_PORT_BASE + 10))
SATCHEL_PORT_SMTP=$((SATCHEL_PORT_BASE + 11))
SATCHEL_PORT_EDGE=$((SATCHEL_PORT_BASE + 12))
SATCHEL_PORT_EDGE_API=$((SATCHEL_PORT_BASE + 13))
SATCHEL_PORT_EDGE_PURGE=$((SATCHEL_PORT_BASE + 14))
SATCHEL_PORT_ROBLOX=$((SATCHEL_PORT_BASE + 15))
SATCHEL_PORT_MODEL=$((SATCHEL_PORT_BASE + 16))

# What the programs read. Secrets are not here: each process gets the files it needs, in process-compose.yaml.
SATCHEL_ENV=local
SATCHEL_API_LISTEN=127.0.0.1:$SATCHEL_PORT_API
SATCHEL_CONTENT_LISTEN=127.0.0.1:$SATCHEL_PORT_CONTENT
SATCHEL_API_URL=http://127.0.0.1:$SATCHEL_PORT_API
SATCHEL_CONTENT_URL=http://127.0.0.1:$SATCHEL_PORT_CONTENT
SATCHEL_TRUSTED_PROXIES=127.0.0.1/32
SATCHEL_EDGE_LISTEN=127.0.0.1:$SATCHEL_PORT_EDGE_API
SATCHEL_EDGE_DRIVER=${SATCHEL_EDGE_DRIVER:-varnish}
SATCHEL_EDGE_PURGE_URL=http://127.0.0.1:$SATCHEL_PORT_EDGE_PURGE/
SATCHEL_OIDC_ISSUER=http://127.0.0.1:$SATCHEL_PORT_ISSUER
SATCHEL_OIDC_AUDIENCE=satchel
SATCHEL_OIDC_WEB_CLIENT_ID=satchel-web
SATCHEL_OIDC_CONSOLE_CLIENT_ID=satchel-console
SATCHEL_CONSOLE_URL=$SATCHEL_API_URL/console/
SATCHEL_CONSOLE_TEMPORAL_URL=http://127.0.0.1:$SATCHEL_PORT_TEMPORAL_UI
SATCHEL_CONSOLE_METRICS_URL=http://127.0.0.1:$SATCHEL_PORT_API_METRICS/metrics
SATCHEL_ISSUER_LISTEN=127.0.0.1:$SATCHEL_PORT_ISSUER
SATCHEL_TEMPORAL_ADDRESS=127.0.0.1:$SATCHEL_PORT_TEMPORAL
SATCHEL_TEMPORAL_NAMESPACE=satchel
SATCHEL_S3_ENDPOINT=127.0.0.1:$SATCHEL_PORT_S3
SATCHEL_S3_REGION=us-east-1
SATCHEL_S3_TLS=false
SATCHEL_S3_STAGING_BUCKET=satchel-staging
SATCHEL_S3_CLEAN_BUCKET=satchel-clean
SATCHEL_S3_QUARANTINE_BUCKET=satchel-quarantine
SATCHEL_S3_AUDIT_BUCKET=satchel-audit
SATCHEL_S3_EXPORTS_BUCKET=satchel-exports
SATCHEL_S3_KEYS_BUCKET=satchel-keys
SATCHEL_ROSTER_INBOX_BUCKET=satchel-inbox
SATCHEL_ROSTER_INBOX_EVERY=10s
SATCHEL_ROSTER_INBOX_SETTLE=5s
SATCHEL_CLAMD_SOCKET=$SATCHEL_RUN/clamd.sock
SATCHEL_RENDER_PROGRAM=$SATCHEL_TOOLS/render
SATCHEL_SANDBOX_PROGRAM=$SATCHEL_TOOLS/sandbox
SATCHEL_READER_PROGRAM=$SATCHEL_TOOLS/reader
SATCHEL_FRAGMENT_PROGRAM=$SATCHEL_TOOLS/fragment
SATCHEL_SPOOL_DIR=$SATCHEL_LOCAL/data/spool
SATCHEL_SMTP_HOST=127.0.0.1
SATCHEL_SMTP_PORT=$SATCHEL_PORT_SMTP
SATCHEL_SMTP_TLS=none
SATCHEL_SMTP_FROM='Satchel <no-reply@satchel.invalid>'
SATCHEL_INVITATION_URL=$SATCHEL_API_URL/invitations
SATCHEL_WEBHOOK_LOOPBACK=true
SATCHEL_MAILBOX_LISTEN=127.0.0.1:$SATCHEL_PORT_MAILBOX
SATCHEL_MAILBOX_SMTP_LISTEN=127.0.0.1:$SATCHEL_PORT_SMTP
SATCHEL_MAILBOX_DIR=$SATCHEL_LOCAL/data/mailbox
SATCHEL_ROBLOX_URL=http://127.0.0.1:$SATCHEL_PORT_ROBLOX
SATCHEL_FAKE_ROBLOX_LISTEN=127.0.0.1:$SATCHEL_PORT_ROBLOX
SATCHEL_FAKE_MODEL_LISTEN=127.0.0.1:$SATCHEL_PORT_MODEL
SATCHEL_MODEL_OPENAI_URL=http://127.0.0.1:$SATCHEL_PORT_MODEL/v1
SATCHEL_MODEL_OPENAI_NAME=fake-model
SATCHEL_MODEL_OPENAI_COMPANY='Fake of the local stack'
SATCHEL_MODEL_OPENAI_COUNTRY='this machine'
SATCHEL_MODEL_OPENAI_NO_TRAINING=true
SATCHEL_MODEL_OPENAI_INPUT_PRICE=1000000
SATCHEL_MODEL_OPENAI_OUTPUT_PRICE=4000000
SATCHEL_MODEL_MODERATION_URL=$SATCHEL_MODEL_OPENAI_URL

export "${!SATCHEL_@}"

# shellcheck source=toolchain.sh
. "${BASH_SOURCE[0]%/*}/toolchain.sh"

# secret NAME: a password that is made once for a stack and kept where only its owner can read it.
secret() {
  local file=$SATCHEL_LOCAL/secrets/$1
  if [[ ! -s $file ]]; then
    (umask 077 && head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$file.new" && mv "$file.new" "$file")
  fi
  cat "$file"
}

# postgres_url ROLE DATABASE
postgres_url() {
  printf 'postgres://%s:%s@127.0.0.1:%s/%s?sslmode=disable' "$1" "$(secret "postgres-$1")" "$SATCHEL_PORT_POSTGRES" "$2"
}

# prepare_folders makes the folders of the stack and its secrets.
prepare_folders() {
  mkdir -p "$SATCHEL_LOCAL"/{data,log} "$SATCHEL_SPOOL_DIR" "$SATCHEL_TOOLS"
  (umask 077 && mkdir -p "$SATCHEL_LOCAL/secrets" "$SATCHEL_RUN")
  if [[ ! -O $SATCHEL_RUN || -L $SATCHEL_RUN ]]; then
    echo "$SATCHEL_RUN belongs to somebody else; remove it, or run 'make clean' as the user who started the stack" >&2
    return 1
  fi
  (
    umask 077
    cd "$SATCHEL_LOCAL/secrets"
    for name in postgres-postgres s3{,-api,-worker,-keys}-{access,secret}-key issuer-secret people-hash-key content-keys edge-keys; do secret "$name" >/dev/null; done
    [[ -s secrets-key ]] || { head -c 32 /dev/urandom | base64 >secrets-key.new && mv secrets-key.new secrets-key; }
    [[ -s kms-keys ]] || { printf 'local %s\n' "$(head -c 32 /dev/urandom | base64)" >kms-keys.new && mv kms-keys.new kms-keys; }
    postgres_url satchel_owner satchel >owner-database-url
    postgres_url satchel_app satchel >database-url
  )
}
