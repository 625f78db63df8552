#!/usr/bin/env bash
# make images-check: runs each image as its users do — read-only root, no capabilities, no new privileges — and looks at
# what the process may do; then builds the programs in another folder and compares the sums. `make images` comes first.
set -euo pipefail
# shellcheck source=../local/lib/all.sh
. "$(dirname "$0")/../local/lib/all.sh"

version=${SATCHEL_IMAGES_VERSION:-latest} failed=0
hard=(--rm --read-only --cap-drop ALL --security-opt no-new-privileges --network none --tmpfs /tmp)

# expect WHAT PATTERN COMMAND...: what the command says holds the pattern.
expect() {
  local what=$1 pattern=$2 said
  shift 2
  said=$("$@" 2>&1) || true
  if grep -qE "$pattern" <<<"$said"; then say "  $what: ok"; else say "  $what: expected $pattern, and it said:" "$said"; failed=1; fi
}

# The setting that is missing is the first thing that each program says: it has started, as the user and with the root that it gets.
expect "api starts and names what is missing" 'SATCHEL_[A-Z_]+' docker run "${hard[@]}" "satchel/api:$version"
expect "worker starts and names what is missing" 'SATCHEL_[A-Z_]+' docker run "${hard[@]}" "satchel/worker:$version"
expect "migrate starts and names what is missing" 'SATCHEL_OWNER_DATABASE_URL' docker run "${hard[@]}" "satchel/migrate:$version"
expect "store starts" 'versitygw|posix' docker run "${hard[@]}" "satchel/store:$version" --help
expect "temporal starts" '1\.32' docker run "${hard[@]}" --entrypoint /usr/bin/temporal-server "satchel/temporal:$version" --version
expect "clamd scans" 'ClamAV' docker run "${hard[@]}" --entrypoint /usr/sbin/clamd "satchel/clamd:$version" --version
expect "the renderer finds its libraries and its sandbox" 'usage|render|flag' docker run "${hard[@]}" --entrypoint /usr/bin/render "satchel/worker:$version" --help
for program in soffice ffmpeg pdftoppm rsvg-convert tesseract; do
  expect "worker has $program" "$program" docker run "${hard[@]}" --entrypoint /bin/sh "satchel/worker:$version" -c "command -v $program"
done
for image in worker:1006 clamd:1008 edge:1009 temporal:1012 postgres:1013 proxy:1014 monitor:1015 buckets:1005; do
  expect "satchel/${image%:*} is user ${image#*:} without powers" "^Uid:.${image#*:}.*CapEff:.0000000000000000 NoNewPrivs:.1 Seccomp:.2" docker run "${hard[@]}" --entrypoint /bin/sh "satchel/${image%:*}:$version" -c \
    "grep -hE '^(Uid|CapEff|NoNewPrivs|Seccomp):' /proc/self/status | tr '\n' ' '"
  expect "satchel/${image%:*} cannot write its root" 'Read-only' docker run "${hard[@]}" --entrypoint /bin/sh "satchel/${image%:*}:$version" -c 'echo x > /usr/bin/x'
done
for image in api:1005 migrate:1007 store:1011; do # nothing but the program is in these
  expect "satchel/${image%:*} names user ${image#*:}" "^${image#*:}(:|$)" docker image inspect --format '{{.Config.User}}' "satchel/${image%:*}:$version"
done

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
git -C "$SATCHEL_ROOT" ls-files -z | (cd "$SATCHEL_ROOT" && tar --null --files-from - --create) | tar --extract --directory "$elsewhere"
cp -r "$SATCHEL_ROOT/web/dist/." "$elsewhere/web/dist/" # the console that was built; in git the folder is empty
mkdir "$elsewhere/.out"
for name in api worker migrate satchel; do
  CGO_ENABLED=0 go build -C "$elsewhere" -trimpath -buildvcs=false -tags=nomsgpack -ldflags='-s -w -buildid=' -o "$elsewhere/.out/$name" "./cmd/$name"
  expect "$name has the same bytes from another folder" "$(sha256sum <"$SATCHEL_LOCAL/images/bin/$name" | cut -d' ' -f1)" sha256sum "$elsewhere/.out/$name"
done
exit "$failed"
