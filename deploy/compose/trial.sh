#!/usr/bin/env bash
# Starts Satchel on this machine to try it: names below satchel.test, an authority of its own, a login that lets everybody
# in. `./trial.sh up` makes what is missing and starts; `./trial.sh down` ends it, with its data; anything else is passed to
# compose.
set -euo pipefail
cd "$(dirname "$0")"
port=${SATCHEL_PORT:-8443}
export SATCHEL_PORT=$port SATCHEL_HTTP_PORT=${SATCHEL_HTTP_PORT:-8480} SATCHEL_PUBLIC_PORT=:8443 SATCHEL_HOST=files.satchel.test SATCHEL_CONTENT_HOST=content.satchel.test \
  SATCHEL_TEMPORAL_HOST=temporal.satchel.test SATCHEL_LOGIN_HOST=login.satchel.test SATCHEL_OIDC_ISSUER=https://login.satchel.test:8443 \
  SATCHEL_TLS="/etc/caddy/tls/cert.pem /etc/caddy/tls/key.pem" SATCHEL_SMTP_HOST=127.0.0.1 SATCHEL_SMTP_PORT=8411 SATCHEL_SMTP_TLS=none SATCHEL_SMTP_FROM='Satchel <no-reply@satchel.invalid>' \
  SATCHEL_SMTP_USER='' SATCHEL_SMTP_PASSWORD=''
if docker compose version >/dev/null 2>&1; then compose=(docker compose); else compose=(docker-compose); fi
compose+=(--project-name satchel-trial --file compose.yaml --file trial.yaml)

certificates() {
  [[ ! -s trial/tls/cert.pem ]] || return 0
  mkdir -p trial/tls
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj '/CN=Satchel trial' -keyout trial/tls/ca-key.pem -out trial/tls/ca.pem 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=satchel.test' -keyout trial/tls/key.pem -out trial/tls/request.pem 2>/dev/null
  openssl x509 -req -in trial/tls/request.pem -CA trial/tls/ca.pem -CAkey trial/tls/ca-key.pem -CAcreateserial -days 365 -out trial/tls/cert.pem \
    -extfile <(printf 'subjectAltName=DNS:files.satchel.test,DNS:content.satchel.test,DNS:temporal.satchel.test,DNS:login.satchel.test') 2>/dev/null
  chmod 644 trial/tls/*.pem # of a trial: the proxy runs as another user
}

case ${1:-up} in
  up)
    ./init.sh files.satchel.test "$SATCHEL_OIDC_ISSUER" >/dev/null
    [[ -s secrets/issuer-secret ]] || { openssl rand -hex 24 | tr -d '\n' >secrets/issuer-secret && chmod 444 secrets/issuer-secret; }
    certificates
    "${compose[@]}" up -d "${@:2}"
    echo "https://files.satchel.test:8443/console/ — let the four names below satchel.test lead to this machine (/etc/hosts), and the browser trust $PWD/trial/tls/ca.pem"
    ;;
  down) "${compose[@]}" down --volumes "${@:2}" ;;
  *) "${compose[@]}" "$@" ;;
esac
