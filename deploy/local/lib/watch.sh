# shellcheck shell=bash
# make run WATCH=1: api and worker are built again and restarted when a Go file of theirs is saved.

begin_watching() {
  say "Watching: a saved Go file builds api and worker again and restarts them."
  watch_sources &
  watcher=$!
}

# watch_sources goes on until it is killed. A build that fails leaves running what runs. Changes of SQL, of the console
# and of the settings need a new `make run`: they need more than these two programs.
watch_sources() {
  local stamp=$SATCHEL_LOCAL/log/watched log=$SATCHEL_LOCAL/log/build-watch.log changed
  touch "$stamp"
  while sleep 1; do
    changed=$(find "$SATCHEL_ROOT" \( -name node_modules -o -name '.?*' \) -prune -o \
      -name '*.go' ! -name '*_test.go' -newer "$stamp" -print -quit)
    [[ -n $changed ]] || continue
    touch "$stamp"
    say "  ${changed#"$SATCHEL_ROOT/"} was saved: building api and worker"
    if (build_programs ./cmd/api ./cmd/worker) >"$log" 2>&1; then
      restart_process worker && restart_process api && say "  api and worker run the new build"
    else
      grep -E '^[^[:space:]]+\.go:' "$log" || tail -n 5 "$log"
      say "  the build failed; what runs goes on"
    fi
  done
}

restart_process() {
  curl -sf --max-time 60 --unix-socket "$SATCHEL_SUPERVISOR_SOCKET" -X POST "http://supervisor/process/restart/$1" >/dev/null ||
    say "  $1 was not restarted; \`make status\` shows what it does"
}
