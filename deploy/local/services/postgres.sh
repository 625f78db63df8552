#!/usr/bin/env bash
# Runs PostgreSQL over a data folder of the stack's own; the machine's own cluster is never touched.
#
# SATCHEL_POSTGRES_DURABLE=off is for tests: a crash of the machine, not of a process, may then damage the data.
set -euo pipefail
# shellcheck source=../lib/env.sh
. "$(dirname "$0")/../lib/env.sh"
cd / # the user postgres may not be able to enter the folder we were started in

programs=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -V | tail -1)
major=$(basename "$(dirname "$programs")")

# PostgreSQL refuses to run as root.
as=()
if [[ $(id -u) == 0 ]]; then
  as=(setpriv --reuid postgres --regid postgres --init-groups --)
fi

# The folder of the data, named after the major version: a newer PostgreSQL cannot read an older one's files. Where
# the user postgres cannot reach the checkout (a home of mode 0700), it is a link to a folder that it can reach.
data_folder() {
  local folder=$SATCHEL_LOCAL/data/postgres elsewhere=/var/tmp/${SATCHEL_RUN##*/}
  if [[ ! -e $folder ]]; then
    mkdir "$folder"
    if ((${#as[@]})); then
      chown postgres: "$folder"
      if ! "${as[@]}" test -w "$folder"; then
        rmdir "$folder"
        rm -rf "$elsewhere" # of a checkout that was removed; its passwords went with it
        mkdir "$elsewhere"
        chown postgres: "$elsewhere"
        ln -s "$elsewhere" "$folder"
      fi
    fi
  fi
  realpath "$folder"
}

# initdb works in a folder that is renamed at its end, so that a killed one leaves nothing that looks finished.
create_cluster() {
  local cluster=$1
  rm -rf "$cluster.unfinished" "$cluster.password"
  (umask 077 && secret postgres-postgres >"$cluster.password")
  ((${#as[@]} == 0)) || chown postgres: "$cluster.password"
  "${as[@]}" "$programs/initdb" --pgdata "$cluster.unfinished" --username postgres --pwfile "$cluster.password" \
    --encoding UTF8 --locale C.UTF-8 --auth-host scram-sha-256 --auth-local reject --no-instructions
  rm -f "$cluster.password"
  mv "$cluster.unfinished" "$cluster"
}

cluster=$(data_folder)/$major
[[ -d $cluster ]] || create_cluster "$cluster"

settings=(
  -c listen_addresses=127.0.0.1 -c "port=$SATCHEL_PORT_POSTGRES" -c unix_socket_directories=
  -c max_connections=200 -c timezone=UTC -c log_timezone=UTC
)
if [[ ${SATCHEL_POSTGRES_DURABLE:-on} == off ]]; then
  # synchronous_commit stays on: without it a killed PostgreSQL forgets what it confirmed in the last half second.
  settings+=(-c fsync=off -c full_page_writes=off)
fi
# Which statements take the time (docs/operating.md). Stacks of tests and benchmarks run without it.
if [[ ${SATCHEL_POSTGRES_DURABLE:-on} != off && -e /usr/lib/postgresql/$major/lib/pg_stat_statements.so ]]; then
  settings+=(-c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track=all -c track_io_timing=on)
fi
exec "${as[@]}" "$programs/postgres" -D "$cluster" "${settings[@]}"
