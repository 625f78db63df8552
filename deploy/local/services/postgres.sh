#!/usr/bin/env bash
# Runs PostgreSQL over a data folder of the stack's own; the machine's own cluster is never touched.
#
# SATCHEL_POSTGRES_DURABLE=off is for tests: a crash of the machine, not of a process, may then damage the data.
# SATCHEL_POSTGRES_MEMORY=yes has the data in memory, where there is room, until the stack is stopped, and =kept until
# `make clean`. A test makes and drops a database of 2,000 files. ext4 takes no inode again for minutes after a file was
# removed, and looks past all of those for each new file: a database costs 0.9 s of processor time there, and 0.05 s in
# memory.
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
  [[ -e $folder || ! -L $folder ]] || rm "$folder" # it led to memory
  if [[ $(realpath "$folder") != "$SATCHEL_POSTGRES_IN_MEMORY" ]] && in_memory; then
    rm -rf "$folder" "$elsewhere"
    link_folder "$folder" "$SATCHEL_POSTGRES_IN_MEMORY"
  elif [[ ! -e $folder ]]; then
    mkdir "$folder"
    if ((${#as[@]})); then
      chown postgres: "$folder"
      if ! "${as[@]}" test -w "$folder"; then
        rmdir "$folder"
        link_folder "$folder" "$elsewhere"
      fi
    fi
  fi
  realpath "$folder"
}

# in_memory: whether the data are to be there, and there are 4 GB for them.
in_memory() {
  local free
  [[ ${SATCHEL_POSTGRES_MEMORY:-no} != no && -w ${SATCHEL_POSTGRES_IN_MEMORY%/*} ]] || return 1
  free=$(df --output=avail --block-size=M "${SATCHEL_POSTGRES_IN_MEMORY%/*}" | tail -1)
  ((${free//[!0-9]/} >= 4096))
}

# link_folder LINK FOLDER
link_folder() {
  rm -rf "$2" # of a checkout that was removed; its passwords went with it
  mkdir -m 700 "$2"
  ((${#as[@]} == 0)) || chown postgres: "$2"
  ln -s "$2" "$1"
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
if [[ $cluster == "$SATCHEL_POSTGRES_IN_MEMORY"/* ]]; then
  settings+=(-c max_wal_size=256MB)
fi
# Which statements take the time (docs/operating.md). Stacks of tests and benchmarks run without it.
if [[ ${SATCHEL_POSTGRES_DURABLE:-on} != off && -e /usr/lib/postgresql/$major/lib/pg_stat_statements.so ]]; then
  settings+=(-c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track=all -c track_io_timing=on)
fi
exec "${as[@]}" "$programs/postgres" -D "$cluster" "${settings[@]}"
