#!/usr/bin/env bash
# make run: install what is missing, start the stack, send the samples through it, make a school, serve until Ctrl-C.
# ONCE=1 ends after the samples: with 0 only if each had the outcome it should have. WATCH=1 builds api and worker again
# and restarts them when a Go file is saved.
set -euo pipefail
# shellcheck source=lib/all.sh
. "$(dirname "$0")/lib/all.sh"

end_with_shell

prepare_folders
lock_stack
install all process-compose versitygw temporal
start_stack
write_stack_file
demo prepare

say_missing_previews
outcome=0
demo samples || outcome=$?
demo school || outcome=$?
[[ -z ${ONCE:-} ]] || exit "$outcome"

follow_processes
cat <<TEXT

Satchel is running ($SECONDS s). Ctrl-C stops it.

  console        $SATCHEL_CONSOLE_URL
                 the sign-in asks for no password; choose teacher-a, student-a, parent-a, admin-a, owner-a, auditor-a or operator
  API            $SATCHEL_API_URL
  content        $SATCHEL_CONTENT_URL
  edge           http://127.0.0.1:$SATCHEL_PORT_EDGE
  Temporal UI    http://127.0.0.1:$SATCHEL_PORT_TEMPORAL_UI
  mailbox        http://127.0.0.1:$SATCHEL_PORT_MAILBOX
  metrics        http://127.0.0.1:$SATCHEL_PORT_API_METRICS/metrics  http://127.0.0.1:$SATCHEL_PORT_WORKER_METRICS/metrics
  logs           $SATCHEL_LOCAL/log
  all of it      $SATCHEL_LOCAL/satchel.json

Upload a file of your own, and see what becomes of it:

  token=\$(jq -r '.organizations[0].owner_token' $SATCHEL_LOCAL/satchel.json)
  curl -H "Authorization: Bearer \$token" -F file=@YOUR-FILE '$SATCHEL_API_URL/api/v1/storage/upload?wait=30'

TEXT
[[ -z ${WATCH:-} ]] || begin_watching
serve
