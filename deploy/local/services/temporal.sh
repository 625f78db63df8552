#!/usr/bin/env bash
# Runs the Temporal server with its UI: the CLI of the machine where it is new enough, else the one of ../temporal.
# Both take the same flags.
set -euo pipefail
# shellcheck source=../lib/env.sh
. "$(dirname "$0")/../lib/env.sh"
# shellcheck source=../lib/tools.sh
. "$(dirname "$0")/../lib/tools.sh"

temporal=$(temporal_program)

# The schema of an existing SQLite file is never migrated: another server version gets another file.
version=$("$temporal" --version | sed -nE 's/.*Server ([0-9.]+).*/\1/p')
mkdir -p "$SATCHEL_LOCAL/data/temporal"

# dynamicconfig.yaml as flags: the CLI has no flag for a file. The file holds only `key:` and `- value: plain`.
dynamic=()
while read -r setting; do
  dynamic+=(--dynamic-config-value "$setting")
done < <(awk '/^[a-zA-Z.]+:$/ { key = substr($1, 1, length($1) - 1) } $1 == "-" { print key "=" $3 }' \
  "$SATCHEL_ROOT/deploy/temporal/dynamicconfig.yaml")

exec "$temporal" server start-dev --ip 127.0.0.1 --port "$SATCHEL_PORT_TEMPORAL" \
  --ui-ip 127.0.0.1 --ui-port "$SATCHEL_PORT_TEMPORAL_UI" --metrics-port "$SATCHEL_PORT_TEMPORAL_METRICS" \
  --namespace "$SATCHEL_TEMPORAL_NAMESPACE" --search-attribute OrgId=Keyword --search-attribute JobKind=Keyword \
  --db-filename "$SATCHEL_LOCAL/data/temporal/$version.db" \
  --sqlite-pragma journal_mode=wal --sqlite-pragma synchronous=normal --log-level warn "${dynamic[@]}"
