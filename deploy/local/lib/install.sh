# shellcheck shell=bash
# Puts on the machine and into SATCHEL_TOOLS what the stack needs and does not find: Debian packages, the tools of
# others (tools.sh) and Satchel's own programs. Independent work goes side by side (progress.sh).

# What each package is needed for is what tells that it is there.
needed_packages() {
  cat <<'LIST'
postgresql      compgen -G '/usr/lib/postgresql/*/bin/postgres'
clamav-daemon   test -x /usr/sbin/clamd
varnish         test -x /usr/sbin/varnishd
varnish-modules compgen -G '/usr/lib/*/varnish/vmods/libvmod_xkey.so'
libvips-dev     pkg-config --exists vips
gcc             command -v gcc
libc6-dev       test -e /usr/include/stdlib.h
pkg-config      command -v pkg-config
curl            command -v curl
jq              command -v jq
shellcheck      test "${SATCHEL_CHECKS:-}" = "" || command -v shellcheck
pgbouncer       test "${SATCHEL_TESTS:-}" = "" || test -x /usr/sbin/pgbouncer
prometheus      test "${SATCHEL_TESTS:-}" = "" || command -v promtool
prometheus-alertmanager test "${SATCHEL_TESTS:-}" = "" || command -v amtool
prometheus-postgres-exporter test "${SATCHEL_TESTS:-}" = "" || command -v prometheus-postgres-exporter
openssh-client  test "${SATCHEL_TESTS:-}" = "" || command -v ssh-keygen
etcd-server     test "${SATCHEL_KUBE:-}${SATCHEL_NODE:-}" = "" || command -v etcd
containerd      test "${SATCHEL_NODE:-}" = "" || command -v containerd
runc            test "${SATCHEL_NODE:-}" = "" || command -v runc
iptables        test "${SATCHEL_NODE:-}" = "" || command -v iptables
iproute2        test "${SATCHEL_NODE:-}" = "" || command -v ip
containernetworking-plugins test "${SATCHEL_NODE:-}" = "" || test -x /usr/lib/cni/bridge
chromium-headless-shell test "${SATCHEL_BROWSER:-}" = "" || command -v chromium-headless-shell || command -v google-chrome || grep -q '^ID=ubuntu' /etc/os-release
LIST
  [[ -z ${SATCHEL_PREVIEWS:-} ]] || preview_packages
}

# What makes previews of documents, sound and film, and recognizes letters. The tests need all of it; a stack uses what is there.
preview_packages() {
  cat <<'LIST'
libreoffice-writer-nogui   test -e /usr/lib/libreoffice/program/libswlo.so
libreoffice-calc-nogui     test -e /usr/lib/libreoffice/program/libsclo.so
libreoffice-impress-nogui  test -e /usr/lib/libreoffice/program/libsdlo.so
libreoffice-draw-nogui     dpkg-query --show --showformat '${db:Status-Status}' libreoffice-draw-nogui | grep -qx installed
ffmpeg                     command -v ffmpeg
poppler-utils              command -v pdftoppm
librsvg2-bin               command -v rsvg-convert
tesseract-ocr              command -v tesseract
tesseract-ocr-eng          compgen -G '/usr/share/tesseract-ocr/*/tessdata/eng.traineddata'
tesseract-ocr-deu          compgen -G '/usr/share/tesseract-ocr/*/tessdata/deu.traineddata'
tesseract-ocr-ukr          compgen -G '/usr/share/tesseract-ocr/*/tessdata/ukr.traineddata'
LIST
}

missing_packages() { missing_of needed_packages; }

# missing_of LIST: the packages of a list that are not there.
missing_of() {
  local package present
  while read -r package present; do
    (eval "$present") >/dev/null 2>&1 || echo "$package"
  done < <("$1")
}

# say_missing_previews tells how to get the previews that this machine has no programs for.
say_missing_previews() {
  local packages
  mapfile -t packages < <(missing_of preview_packages)
  ((${#packages[@]} == 0)) || say "Some files have no previews or texts here. For them: apt-get install --no-install-recommends ${packages[*]}"
}

# as_root: nothing for root, sudo for others. The password is asked for before anything runs in the background.
as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else sudo --non-interactive "$@"; fi
}

ask_for_root() {
  [[ $(id -u) != 0 ]] || return 0
  if ! command -v sudo >/dev/null; then
    say "sudo is missing; as root, run: apt-get install --no-install-recommends $*" "then start again"
    return 1
  fi
  sudo --non-interactive true 2>/dev/null || { [[ -t 0 ]] && sudo --validate; } || {
    say "installing needs root; run: sudo apt-get install --no-install-recommends $*" "then start again"
    return 1
  }
}

# install_packages NAME...: no service of the machine is started, stopped or configured by this: the packages of
# PostgreSQL and ClamAV would start one each. The policy file says so for as long as this shell lives, and is only
# written where there is none.
install_packages() {
  local policy=/usr/sbin/policy-rc.d shell=$BASHPID status=0
  if [[ ! -e $policy ]] || grep -q 'of Satchel' "$policy"; then
    printf '#!/bin/sh\n# of Satchel: no service starts while it installs packages\nkill -0 %d 2>/dev/null && exit 101\nexit 0\n' \
      "$shell" | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -y --no-install-recommends)
  as_root "${apt[@]}" update || say "apt-get update failed; going on with the package lists there are"
  as_root "${apt[@]}" install "$@" || status=$?
  ! grep -q 'of Satchel' "$policy" || as_root rm -f "$policy"
  return "$status"
}

build_console() {
  local web=$SATCHEL_ROOT/web wanted
  wanted=$(cd "$web" && find . \( -name node_modules -o -name dist \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  [[ -d $web/dist && -f $SATCHEL_TOOLS/.console.stamp && $(<"$SATCHEL_TOOLS/.console.stamp") == "$wanted" ]] && return
  say "Building the web console"
  # Some packages name a newer Node than Debian's 20, with which they are tested here.
  npm --prefix "$web" ci --no-audit --no-fund --ignore-scripts --loglevel=error
  npm --prefix "$web" run build
  echo "$wanted" >"$SATCHEL_TOOLS/.console.stamp"
}

# Satchel's own programs are built at each start: where nothing changed, Go's cache makes that a second. They are linked
# without a debugger's tables, which takes a third less time; stack traces and profiles do not need them. The tag leaves
# MessagePack out of gin: no route speaks it, and its codec is among the largest packages.
build_programs() {
  cd "$SATCHEL_ROOT"
  CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -tags=nomsgpack -ldflags='-s -w' -o "$SATCHEL_TOOLS/" "$@"
}

build_render() {
  cd "$SATCHEL_ROOT"
  CGO_ENABLED=1 go build -v -trimpath -buildvcs=false -o "$SATCHEL_TOOLS/" ./cmd/render # libvips is a C library
}

require_go_and_node() {
  local program
  for program in go npm; do
    command -v "$program" >/dev/null && continue
    say "$program is not on the PATH; install Go 1.26 and Node 20, then start again"
    return 1
  done
  require_toolchain
}

require_postgresql_15() {
  local major
  major=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | tail -1)
  ((major >= 15)) && return
  say "PostgreSQL 15 or newer is needed, this machine has $major; install a newer one, then start again"
  return 1
}

# install PROGRAMS TOOL...: the Debian packages, these tools (tools.sh), and of Satchel's own programs `all`, `migrate`
# or `none`. Two installs of one checkout wait for each other.
#
# Packages, the console and downloads go beside the Go builds. Our own programs are built first and alone: builds at once
# would both compile what they share. Behind them what takes minutes is built beside all that is short, since linking,
# and what is written in C, keep one core busy only.
install() {
  local programs=$1 missing
  shift
  require_go_and_node
  say "Installing what is missing"
  exec 8>"$SATCHEL_TOOLS/.lock"
  flock --nonblock 8 || { say "  waiting for another install of this checkout" && flock 8; }
  mapfile -t missing < <(missing_tools "$@")
  begin_packages
  [[ $programs != all ]] || begin_console
  begin_downloads "${missing[@]}"
  case $programs in
    all)
      finish console # the api embeds it
      in_turn programs "build Satchel" build_programs ./cmd/api ./cmd/worker ./cmd/migrate ./cmd/sandbox ./cmd/reader ./cmd/fragment ./cmd/satchel ./cmd/doctor ./deploy/local/issuer ./deploy/local/mailbox ./deploy/local/roblox ./deploy/local/model ./deploy/local/demo
      finish packages # the renderer needs libvips
      ;;
    migrate) in_turn programs "build Satchel's migrate" build_programs ./cmd/migrate ;;
  esac
  local name
  for name in "${missing[@]}"; do
    [[ -z ${tool_patience[$name]:-} ]] || job "$name" "build $name (once${tool_patience[$name]})" build_tool "$name"
  done
  [[ $programs != all ]] || in_turn render "build Satchel's image renderer" build_render
  for name in "${missing[@]}"; do
    [[ -n ${tool_patience[$name]:-} ]] || in_turn "$name" "build $name (once)" build_tool "$name"
  done
  finish "${!job_pid[@]}"
  require_postgresql_15
  exec 8>&-
}

in_turn() {
  job "$@"
  finish "$1"
}

begin_packages() {
  local packages
  mapfile -t packages < <(missing_packages)
  ((${#packages[@]})) || return 0
  ask_for_root "${packages[@]}"
  job packages "apt-get install ${packages[*]}" install_packages "${packages[@]}"
}

begin_console() {
  [[ -f $SATCHEL_ROOT/web/package.json ]] || return 0
  job console "build the web console, if it changed" build_console
}

# begin_downloads TOOL...: the modules of Satchel and of these tools.
begin_downloads() {
  (($#)) || return 0
  job downloads "download the Go modules of Satchel, $*" download_modules "$@"
}

download_modules() {
  local name
  go list -C "$SATCHEL_ROOT" -deps ./... >/dev/null
  for name in "$@"; do
    GOWORK=off go list -C "$SATCHEL_ROOT/${tool_module[$name]}" -deps "${tool_package[$name]}" >/dev/null
  done
}
