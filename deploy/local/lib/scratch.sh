# shellcheck shell=bash
# A stack for one command: tests, benchmarks, code generation. It ends with the shell, and does not outlast a crash of
# the machine, so PostgreSQL need not wait for the disk.
#
#   export SATCHEL_LOCAL=.local/test SATCHEL_PORT_BASE=8500   # each kind of work its own, so that they run side by side
#   . lib/scratch.sh
#   scratch_stack [TOOL...]               # everything, and satchel.json
#   scratch_database PROCESS [TOOL...]    # only this process of process-compose.yaml and what it depends on
#   alone COMMAND...                      # the command, without the stack's variables

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
