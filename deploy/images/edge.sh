#!/bin/sh
# Runs Varnish with deploy/edge/satchel.vcl. SATCHEL_EDGE_CONTENT and SATCHEL_EDGE_API are host:port of the content
# host and of the API's private listener, SATCHEL_EDGE_KEYS_FILE holds the secret that both know.
set -eu
: "${SATCHEL_EDGE_CONTENT:?host:port of the content host}" "${SATCHEL_EDGE_API:?host:port of the private listener of the API}" "${SATCHEL_EDGE_KEYS_FILE:?file of the secret}"
umask 077
sed -e "s|@CONTENT_HOST@|${SATCHEL_EDGE_CONTENT%:*}|; s|@CONTENT_PORT@|${SATCHEL_EDGE_CONTENT##*:}|" \
  -e "s|@EDGE_HOST@|${SATCHEL_EDGE_API%:*}|; s|@EDGE_PORT@|${SATCHEL_EDGE_API##*:}|; s|@EDGE_KEY@|$(cut -d, -f1 "$SATCHEL_EDGE_KEYS_FILE")|" \
  /etc/varnish/satchel.vcl >/tmp/satchel.vcl
exec /usr/sbin/varnishd -F -j none -n /tmp/varnish -f /tmp/satchel.vcl -s "malloc,${SATCHEL_EDGE_MEMORY:-256m}" -s Transient=malloc,128m \
  -a http=:8080,HTTP -a purge=:8081,HTTP -T none \
  -p default_grace=0 -p default_keep=0 -p http_gzip_support=off -p http_req_hdr_len=16k -p http_resp_hdr_len=16k \
  -p thread_pool_min=50 -p vsl_space=16M
