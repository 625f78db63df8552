#!/usr/bin/env bash
# make upgrade: from the programs and the schema of an earlier revision to those of this checkout and back, under load,
# against a stack of its own. FROM names the revision: the newest tag where it is not given, or, without tags, the
# commit before the newest migration came.
set -euo pipefail
export SATCHEL_LOCAL=${SATCHEL_LOCAL:-.local/upgrade} SATCHEL_PORT_BASE=${SATCHEL_PORT_BASE:-8800}
if [[ " $* " == *' --help '* ]]; then
  exec go run -C "$(dirname "$0")/../.." -trimpath ./bench/upgrade --help
fi
# shellcheck source=lib/scratch.sh
. "$(dirname "$0")/lib/scratch.sh"
export SATCHEL_EDGE_DRIVER=none                    # no purge has to arrive
export SATCHEL_ADDRESS_REQUESTS_PER_MINUTE=1000000 # all clients come from this machine's one address
export SATCHEL_CLAMD_SIGNATURES=$SATCHEL_ROOT/deploy/local/clamd

# earlier_revision: where the upgrade comes from.
earlier_revision() {
  local wanted=${FROM:-} newest
  [[ -n $wanted ]] || wanted=$(git -C "$root" describe --tags --abbrev=0 2>/dev/null) || {
    newest=$(git -C "$root" log --first-parent -m -1 --format=%H --diff-filter=A -- 'migrations/*.up.sql') # what was on this branch, not what was merged into it
    wanted=$newest^
  }
  git -C "$root" rev-parse --verify --quiet "$wanted^{commit}" || {
    say "FROM=$wanted is no revision of this checkout" >&2
    return 1
  }
}

# settings FOLDER REVISION PROGRAMS: what the scripts of a checkout give its programs, one after another, as in /proc.
settings() {
  # shellcheck disable=SC2016 # the inner shell expands them
  env -i PATH="$PATH" HOME="$HOME" SATCHEL_LOCAL="$SATCHEL_LOCAL" SATCHEL_PORT_BASE="$SATCHEL_PORT_BASE" SATCHEL_TOOLS="$3" \
    SATCHEL_EDGE_DRIVER="$SATCHEL_EDGE_DRIVER" SATCHEL_ADDRESS_REQUESTS_PER_MINUTE="$SATCHEL_ADDRESS_REQUESTS_PER_MINUTE" \
    REVISION="$2" CHECKOUT="$1" bash -c 'set -eu; . "$CHECKOUT/deploy/local/lib/env.sh"; exec env -0 -u CHECKOUT'
}

# release FOLDER CHECKOUT REVISION: what the driver reads of a release, without its programs.
release() {
  mkdir -p "$1/bin"
  settings "$2" "$3" "$1/bin" >"$1/env"
  cp "$2/deploy/local/process-compose.yaml" "$1/process-compose.yaml"
}

# build_old: the programs of the earlier revision, in a worktree that is removed at once. What is not in them is this
# checkout's: the console, which no client here loads.
build_old() {
  local tree=$SATCHEL_RUN/old
  rm -rf "$tree"
  git -C "$root" worktree add --quiet --force --detach "$tree" "$old" # forced: a run that was killed left it registered
  release "$SATCHEL_LOCAL/old" "$tree" "$old"
  (
    cd "$tree"
    later=() # programs that not every earlier revision has
    [[ ! -d cmd/fragment ]] || later+=(./cmd/fragment)
    GOTOOLCHAIN=$(sed -n 's/^toolchain //p' go.mod)
    export GOTOOLCHAIN
    CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags=nomsgpack -ldflags='-s -w' -o "$SATCHEL_LOCAL/old/bin/" \
      ./cmd/api ./cmd/worker ./cmd/migrate ./cmd/sandbox ./cmd/reader "${later[@]}" ./deploy/local/demo
    CGO_ENABLED=1 go build -trimpath -buildvcs=false -o "$SATCHEL_LOCAL/old/bin/" ./cmd/render
  )
  remove_tree
}

remove_tree() {
  [[ ! -d $SATCHEL_RUN/old ]] || git -C "$root" worktree remove --force "$SATCHEL_RUN/old"
}

old=$(earlier_revision)
say "From $(git -C "$root" log -1 --format='%h (%cs, %s)' "$old") to this checkout and back"
prepare_folders
lock_stack
install all process-compose versitygw temporal
trap 'remove_tree; stop_stack' EXIT
end_leftovers
rm -rf "$SATCHEL_LOCAL/old" "$SATCHEL_LOCAL/new" "${SATCHEL_LOCAL:?}/data" # the schema is the old one's
prepare_folders
job old "build the programs of the old revision" build_old
finish old
release "$SATCHEL_LOCAL/new" "$root" "$(git -C "$root" describe --always --dirty)"
rmdir "$SATCHEL_LOCAL/new/bin"
ln -s "$SATCHEL_TOOLS" "$SATCHEL_LOCAL/new/bin"

start_stack postgres roles temporal s3 buckets clamd issuer mailbox roblox model
write_stack_file

# The driver starts programs of both releases, each with the settings of its own.
alone go run -trimpath ./bench/upgrade --stack "$SATCHEL_LOCAL/satchel.json" --old "$SATCHEL_LOCAL/old" --new "$SATCHEL_LOCAL/new" "$@"
