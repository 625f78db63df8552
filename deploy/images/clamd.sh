#!/bin/sh
# Runs clamd, or freshclam, or asks whether clamd answers.
set -eu
case ${1:-clamd} in
  clamd)
    # Without signatures clamd would not start: freshclam brings the first ones, once.
    until [ -n "$(find /var/lib/clamav -name '*.c[vl]d' -o -name '*.?db')" ]; do
      echo "waiting for signatures in /var/lib/clamav: run this image with the command freshclam beside it"
      sleep 5
    done
    exec /usr/sbin/clamd --config-file /etc/clamav/clamd.conf
    ;;
  freshclam) exec /usr/bin/freshclam --daemon --config-file /etc/clamav/freshclam.conf ;;
  ready) exec /usr/bin/clamdscan --config-file /etc/clamav/clamd.conf --ping 1 ;;
  *) echo "usage: clamd, freshclam or ready" >&2; exit 2 ;;
esac
