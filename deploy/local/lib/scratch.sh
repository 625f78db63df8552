# shellcheck shell=bash
# A stack for one command: tests, benchmarks, code generation. It ends with the shell, and does not outlast a crash of
# the machine, so PostgreSQL need not wait for the disk.
#
#   export SATCHEL_LOCAL=.local/test SATCHEL_PORT_BASE=8500   # each kind of work its own, so that they run side by side
#   . lib/scratch.sh
#   scratch_stack [TOOL...]               # everything, and satchel.json
#   scratch_database PROCESS [TOOL...]    # only this process of process-compose.yaml and what it depends on
#   alone COMMAND...                      # the command, without the stack's variables
#   all_ended FILE                        # whether each test that began in gotestsum's JSON file has an end

export SATCHEL_POSTGRES_DURABLE=off
# shellcheck source=all.sh
. "${BASH_SOURCE[0]%/*}/all.sh"

end_with_shell

scratch_database() {
  local process=$1
  shift
  prepare_folders
  lock_stack
  install migrate process-compose "$@"
  start_stack "$process"
}

scratch_stack() {
  # Our own signatures, so that the name of a verdict does not depend on the machine.
  export SATCHEL_CLAMD_SIGNATURES=$SATCHEL_ROOT/deploy/local/clamd
  prepare_folders
  lock_stack
  # Not before the lock: another stack may work on what lies there.
  [[ -z ${SATCHEL_FRESH:-} ]] || { rm -rf "$SATCHEL_LOCAL/data" && prepare_folders; }
  install all process-compose versitygw temporal "$@"
  start_stack
  write_stack_file
  demo prepare
  follow_processes
}

# alone NAME=VALUE... COMMAND...: a test that reads the configuration should see what it sets itself and nothing else.
# Nor does the command keep the folder's lock, should it outlive this shell.
alone() {
  (
    unset "${!SATCHEL_@}"
    cd "$root"
    exec env "$@" 9>&-
  )
}
root=$SATCHEL_ROOT

# all_ended FILE: gotestsum runs failed tests again and knows of no others: those of a package that died in the middle,
# or that failed without a failed test, would not be missed.
all_ended() {
  local lost
  lost=$(jq -rn '
    [inputs | select(.Action | IN("run", "pass", "fail", "skip"))] | group_by(.Package)[] |
    map(select(.Test == null and .Action == "fail")) as $failed | map(select(.Test != null)) as $tests |
    if ($failed | length) > 0 and all($tests[]; .Action != "fail") then "\(.[0].Package): failed without a failed test" else empty end,
    ($tests | group_by(.Test)[] | select((map(select(.Action == "run")) | length) > (map(select(.Action != "run")) | length)) | "\(.[0].Package) \(.[0].Test): has no end")
  ' "$1") || return
  [[ -z $lost ]] || { printf 'Not all tests ended:\n%s\n' "$lost" >&2; return 1; }
}
