# shellcheck shell=bash
# Starts, watches and ends the processes of one stack.
#
# process-compose supervises them, from ../process-compose.yaml. Its HTTP interface can start any command, without
# authentication, so it is a unix socket in a folder of mode 700 and not a port that a web page could post to.

# ---- one at a time

# lock_stack: one `make run` or `make test` a folder. The kernel drops the lock with the shell, however that dies.
lock_stack() {
  exec 9>"$SATCHEL_LOCAL/.lock"
  flock --nonblock 9 && return
  say "Another run uses $SATCHEL_LOCAL; waiting whether it is about to end"
  flock --timeout 15 9 && return
  say "It is not. End it with 'make stop', or start a second stack beside it:" \
    "  SATCHEL_LOCAL=.local/second SATCHEL_PORT_BASE=8600 make run"
  return 1
}

# ---- what an earlier run left behind

# Everything the supervisor starts carries the stack's folder in its environment. The backends of PostgreSQL overwrite
# theirs, but work in the data folder.
leftovers() { { marked_processes && backends; } | sort -un; }

marked_processes() { grep -lzxF "SATCHEL_STACK=$SATCHEL_LOCAL" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 || true; }

backends() {
  local data cwd pid
  data=$(realpath -q "$SATCHEL_LOCAL/data/postgres") || return 0
  while read -r cwd; do
    pid=${cwd//[^0-9]/}
    [[ $(readlink "/proc/$pid/exe") != */bin/postgres ]] || echo "$pid"
  done < <(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$data/*" 2>/dev/null)
}

# end_leftovers ends the supervisor first, which ends its processes in order, then whatever is still there.
end_leftovers() {
  local pids
  mapfile -t pids < <(leftovers)
  if ((${#pids[@]})); then
    say "Ending ${#pids[@]} processes of an earlier run"
    end_processes
  fi
  rm -f "$SATCHEL_SUPERVISOR_SOCKET" "$SATCHEL_CLAMD_SOCKET" "$SATCHEL_LOCAL/satchel.json"
  rmdir "$SATCHEL_RUN" 2>/dev/null || true
  # No one works in the data folder any more, so its pid file may only name a stranger who has got the number since.
  find "$(realpath -q "$SATCHEL_LOCAL/data/postgres" || echo /nonexistent)" -maxdepth 2 -name postmaster.pid -delete 2>/dev/null || true
}

end_processes() {
  ! signal_leftovers TERM process-compose || ! wait_until_gone 40 || return 0
  signal_leftovers INT postgres || true # TERM would wait for its clients
  signal_leftovers TERM || true
  ! wait_until_gone 5 || return 0
  signal_leftovers KILL || true
  wait_until_gone 5 && return
  say "The processes $(leftovers | xargs) do not end; end them by hand"
  return 1
}

# signal_leftovers SIGNAL [PROGRAM]: fails when it found none.
signal_leftovers() {
  local pid found=1
  for pid in $(leftovers); do
    [[ $(readlink "/proc/$pid/exe") == *"/${2:-}"* ]] || continue
    kill "-$1" "$pid" 2>/dev/null || true
    found=0
  done
  return "$found"
}

# wait_until_gone SECONDS
wait_until_gone() {
  local tries=$(($1 * 10))
  while [[ -n $(leftovers) ]]; do
    ((tries-- > 0)) || return 1
    sleep 0.1
  done
}

require_free_ports() {
  local name port busy=()
  for name in ${!SATCHEL_PORT_@}; do
    port=${!name}
    [[ $name != SATCHEL_PORT_BASE ]] && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && busy+=("$port")
  done
  ((${#busy[@]} == 0)) && return
  say "Other programs listen on ${busy[*]}. End them, or take other ports: SATCHEL_PORT_BASE=8600 make run"
  return 1
}

# ---- starting

supervisor='' follower='' watcher='' # process ids

# start_stack [PROCESS]: all processes, or this one with what it depends on.
start_stack() {
  end_leftovers
  prepare_folders
  require_free_ports
  keep_last_logs
  say "Starting the processes"
  (
    cd "$SATCHEL_LOCAL"
    SATCHEL_STACK=$SATCHEL_LOCAL exec setsid "$SATCHEL_TOOLS/process-compose" up "$@" \
      --config "$SATCHEL_ROOT/deploy/local/process-compose.yaml" --tui=false --keep-project --ordered-shutdown --disable-dotenv \
      --use-uds --unix-socket "$SATCHEL_SUPERVISOR_SOCKET" --log-file log/supervisor.log
  ) >/dev/null 2>&1 </dev/null 9>&- &
  supervisor=$!
  wait_until_ready
}

# The last run's logs stay readable for one more run.
keep_last_logs() {
  mkdir -p "$SATCHEL_LOCAL/log/last"
  find "$SATCHEL_LOCAL/log" -maxdepth 1 -name '*.log' ! -name 'build-*' -exec mv -t "$SATCHEL_LOCAL/log/last" {} +
}

processes() { curl -sf --max-time 5 --unix-socket "$SATCHEL_SUPERVISOR_SOCKET" http://supervisor/processes; }

# wait_until_ready reports each process once it is ready, and gives up when one cannot get there.
wait_until_ready() {
  local began=$SECONDS name status health restarts code
  local -A reported=()
  while sleep 0.1; do
    kill -0 "$supervisor" 2>/dev/null || { explain_process supervisor && return 1; }
    local waiting=()
    while IFS=$'\t' read -r name status health restarts code; do
      [[ $status == Disabled ]] && continue
      if [[ $status == Completed && $code != 0 || $status == Error ]] || ((restarts > 4)); then
        explain_process "$name" && return 1
      elif [[ $status == Completed || $health == Ready ]]; then
        [[ -n ${reported[$name]:-} ]] || say "  $name: ready"
        reported[$name]=yes
      else
        waiting+=("$name")
      fi
    done < <(processes | jq -r '.data[] | [.name, .status, .is_ready, .restarts, .exit_code] | @tsv')
    ((${#reported[@]} > 0 && ${#waiting[@]} == 0)) && return
    if ((SECONDS - began > 180)); then
      explain_process "${waiting[0]:-supervisor}" && return 1
    fi
  done
}

explain_process() {
  say "" "$1 did not get ready; the end of $SATCHEL_LOCAL/log/$1.log:"
  tail -n 20 "$SATCHEL_LOCAL/log/$1.log" 2>/dev/null | sed 's/^/    /'
  say "'make clean' starts from nothing, if the data of an older build is the reason."
}

# ---- ending

# serve waits for the end of the supervisor: someone stopped the stack from outside, or killed it.
serve() {
  local outcome=0
  trap 'exit 0' INT TERM HUP
  wait "$supervisor" 2>/dev/null || outcome=$?
  if ((outcome)); then
    say "The supervisor ended with $outcome; $SATCHEL_LOCAL/log/supervisor.log says more."
  else
    say "The stack was stopped from outside."
  fi
  return "$outcome"
}

# end_with_shell: however this shell ends, its jobs and its stack end with it.
end_with_shell() {
  trap stop_stack EXIT
  trap 'exit 130' INT TERM HUP
}

stop_stack() {
  trap '' INT TERM HUP
  abandon
  [[ -z $watcher ]] || kill "$watcher" 2>/dev/null || true
  [[ -z $follower ]] || kill "$follower" 2>/dev/null || true
  [[ -n $supervisor ]] || return 0
  say "" "Stopping the stack"
  kill -TERM "$supervisor" 2>/dev/null || true
  local tries=400
  while kill -0 "$supervisor" 2>/dev/null && ((tries-- > 0)); do sleep 0.1; done
  end_leftovers
  [[ ${SATCHEL_POSTGRES_MEMORY:-no} == kept ]] || rm -rf "$SATCHEL_POSTGRES_IN_MEMORY"
  say "Stopped."
}
