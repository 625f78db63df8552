# shellcheck shell=bash
# satchel.json: how a program from outside reaches and disturbs the running stack.

# process_ids: {"api": 1, "worker": [2], …}; a stopped process is 0. The supervisor names them in another order each time.
process_ids() {
  processes | jq --sort-keys '[.data[] | select(.name | IN("roles", "migrate", "buckets") | not) | {(.name): (if .name == "worker" then [.pid] else .pid end)}] | add'
}

# write_stack_file makes the file; the demo program adds operator_token and organizations to it.
write_stack_file() {
  local file=$SATCHEL_LOCAL/satchel.json
  (
    umask 077
    jq -n \
      --arg postgres "$(postgres_url satchel_owner satchel)" --arg app "$(postgres_url satchel_app satchel)" --arg superuser "$(postgres_url postgres postgres)" \
      --arg access_key "$(secret s3-access-key)" --arg secret_key "$(secret s3-secret-key)" \
      --argjson pids "$(process_ids)" '{
        api: env.SATCHEL_API_URL,
        content: env.SATCHEL_CONTENT_URL,
        edge: "http://127.0.0.1:\(env.SATCHEL_PORT_EDGE)",
        edge_purge: env.SATCHEL_EDGE_PURGE_URL,
        edge_key_file: "\(env.SATCHEL_LOCAL)/secrets/edge-keys",
        issuer: env.SATCHEL_OIDC_ISSUER,
        issuer_secret_file: "\(env.SATCHEL_LOCAL)/secrets/issuer-secret",
        mailbox: "http://127.0.0.1:\(env.SATCHEL_PORT_MAILBOX)",
        temporal: env.SATCHEL_TEMPORAL_ADDRESS,
        temporal_ui: "http://127.0.0.1:\(env.SATCHEL_PORT_TEMPORAL_UI)",
        metrics: {
          api: "http://127.0.0.1:\(env.SATCHEL_PORT_API_METRICS)/metrics",
          worker: "http://127.0.0.1:\(env.SATCHEL_PORT_WORKER_METRICS)/metrics",
          temporal: "http://127.0.0.1:\(env.SATCHEL_PORT_TEMPORAL_METRICS)/metrics"
        },
        postgres: $postgres,
        postgres_app: $app,
        postgres_superuser: $superuser,
        s3: {
          endpoint: env.SATCHEL_S3_ENDPOINT, access_key: $access_key, secret_key: $secret_key,
          buckets: { staging: env.SATCHEL_S3_STAGING_BUCKET, clean: env.SATCHEL_S3_CLEAN_BUCKET, quarantine: env.SATCHEL_S3_QUARANTINE_BUCKET, audit: env.SATCHEL_S3_AUDIT_BUCKET, exports: env.SATCHEL_S3_EXPORTS_BUCKET, keys: env.SATCHEL_S3_KEYS_BUCKET, inbox: env.SATCHEL_ROSTER_INBOX_BUCKET }
        },
        clamd: env.SATCHEL_CLAMD_SOCKET,
        render: env.SATCHEL_RENDER_PROGRAM,
        supervisor: "unix:\(env.SATCHEL_SUPERVISOR_SOCKET)",
        logs: "\(env.SATCHEL_LOCAL)/log",
        pids: $pids
      }' >"$file.new"
    mv "$file.new" "$file"
  )
}

# demo prepare|samples
demo() {
  SATCHEL_ISSUER_SECRET_FILE=$SATCHEL_LOCAL/secrets/issuer-secret "$SATCHEL_TOOLS/demo" "$1" --stack "$SATCHEL_LOCAL/satchel.json"
}

# follow_processes keeps the pids in the file true while the supervisor restarts what dies. It starts after the demo
# program has written its part, so there is one writer at a time.
follow_processes() {
  rewrite_pids 9>&- &
  follower=$!
}

rewrite_pids() {
  local file=$SATCHEL_LOCAL/satchel.json known='' now
  umask 077
  while sleep 1 && kill -0 $$ 2>/dev/null; do # $$ is the script: no one follows for one that was killed
    now=$(process_ids) || continue
    [[ $now != "$known" ]] || continue
    jq --argjson pids "$now" '.pids = $pids' "$file" >"$file.new" && mv "$file.new" "$file"
    known=$now
  done
}
