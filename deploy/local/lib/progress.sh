# shellcheck shell=bash
# Long work side by side, with a line when each job begins and ends and a sign of life from those still going.
#
#   job temporal "download and build" build_temporal   # starts it; its output goes to log/build-temporal.log
#   finish temporal                                    # waits for it; on failure shows the end of the log and stops

declare -A job_pid=() job_began=() job_result=()

# say LINE...
say() { printf '%s\n' "$@"; }

# job NAME WHAT COMMAND...: the command runs in a process group of its own, so that it can be ended with its children.
job() {
  local name=$1 what=$2 log=$SATCHEL_LOCAL/log/build-$1.log
  shift 2
  say "  $name: $what"
  set -m
  (set -e; "$@") >"$log" 2>&1 </dev/null 9>&- &
  set +m
  job_pid[$name]=$!
  job_began[$name]=$SECONDS
}

# finish NAME...: waits for those of these jobs that were started, reporting on every job that ends meanwhile.
finish() {
  local name beat=$SECONDS
  for name in "$@"; do
    [[ -n ${job_pid[$name]:-}${job_result[$name]:-} ]] || continue
    while collect && [[ -n ${job_pid[$name]:-} ]]; do
      if ((SECONDS - beat >= 10)); then
        beat=$SECONDS
        print_progress
      fi
      sleep 0.1
    done
    [[ ${job_result[$name]:-} == 0 ]] || return 1
  done
}

# collect notes the jobs that have ended; a failed one ends the wait for all.
collect() {
  local name result
  for name in "${!job_pid[@]}"; do
    kill -0 "${job_pid[$name]}" 2>/dev/null && continue
    result=0
    wait "${job_pid[$name]}" || result=$?
    unset "job_pid[$name]"
    job_result[$name]=$result
    if ((result)); then
      explain_failure "$name"
      return 1
    fi
    say "  $name: done in $((SECONDS - job_began[$name])) s"
  done
}

explain_failure() {
  local log=$SATCHEL_LOCAL/log/build-$1.log
  say "" "$1 failed after $((SECONDS - job_began[$1])) s; the end of $log:"
  tail -n 20 "$log" | sed 's/^/    /'
  say "Fix the cause and run the same command again. After an interrupted download, only run the command again."
}

print_progress() {
  local name line
  for name in "${!job_pid[@]}"; do
    line=$(tail -n 1 "$SATCHEL_LOCAL/log/build-$name.log" | tr -cd '[:print:]' | cut -c1-70)
    say "  … $name, $((SECONDS - job_began[$name])) s: $line"
  done
}

# abandon ends the jobs that still run.
abandon() {
  local name
  for name in "${!job_pid[@]}"; do
    kill -TERM -- "-${job_pid[$name]}" 2>/dev/null || true
  done
}
