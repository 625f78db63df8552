#!/usr/bin/env bash
# Runs clamd on a unix socket, with the machine's signatures where freshclam brought some, else with a file of our own
# that knows the EICAR test string. SATCHEL_CLAMD_SIGNATURES names another folder of signatures.
set -euo pipefail
# shellcheck source=../lib/env.sh
. "$(dirname "$0")/../lib/env.sh"

signatures=${SATCHEL_CLAMD_SIGNATURES:-/var/lib/clamav}
if ! compgen -G "$signatures/*.c[vl]d" >/dev/null && ! compgen -G "$signatures/*.?db" >/dev/null; then
  signatures=$SATCHEL_ROOT/deploy/local/clamd
fi
echo "signatures: $signatures"

folder=$SATCHEL_LOCAL/data/clamd
mkdir -p "$folder/tmp"
sed -e "s|@SOCKET@|$SATCHEL_CLAMD_SOCKET|" -e "s|@SIGNATURES@|$signatures|" -e "s|@TEMPORARY@|$folder/tmp|" \
  "$SATCHEL_ROOT/deploy/local/clamd/clamd.conf" >"$folder/clamd.conf"

rm -f "$SATCHEL_CLAMD_SOCKET" # of one that was killed; the socket tells that clamd is ready

# A copy, because AppArmor confines /usr/sbin/clamd to the folders of the machine's own service.
cp --update /usr/sbin/clamd "$folder/clamd"
exec "$folder/clamd" --config-file "$folder/clamd.conf"
