#!/usr/bin/env bash
# Runs Varnish in front of the content host, with deploy/edge/satchel.vcl. It stays in the foreground and drops no
# rights: the stack's user runs it, with its folder in the stack's own.
set -euo pipefail
# shellcheck source=../lib/env.sh
. "$(dirname "$0")/../lib/env.sh"

folder=$SATCHEL_LOCAL/data/edge
mkdir -p "$folder"
vcl=$folder/satchel.vcl
(
  umask 077
  sed -e "s|@CONTENT_HOST@|127.0.0.1|; s|@CONTENT_PORT@|$SATCHEL_PORT_CONTENT|" \
    -e "s|@EDGE_HOST@|127.0.0.1|; s|@EDGE_PORT@|$SATCHEL_PORT_EDGE_API|; s|@EDGE_KEY@|$(secret edge-keys)|" \
    "$SATCHEL_ROOT/deploy/edge/satchel.vcl" >"$vcl"
)
exec "$(command -v varnishd || echo /usr/sbin/varnishd)" -F -j none -n "$SATCHEL_RUN/edge" -f "$vcl" -s malloc,256m -s Transient=malloc,128m \
  -a "http=127.0.0.1:$SATCHEL_PORT_EDGE,HTTP" -a "purge=127.0.0.1:$SATCHEL_PORT_EDGE_PURGE,HTTP" -T none \
  -p default_grace=0 -p default_keep=0 -p http_gzip_support=off -p http_req_hdr_len=16k -p http_resp_hdr_len=16k \
  -p thread_pool_min=50 -p vsl_space=16M
