#!/usr/bin/env bash
# make images: every image of Satchel, as satchel/NAME:VERSION, with the engine that DOCKER_HOST names (or docker's own
# choice). The programs are built first, the same bytes from any folder. What a release says of itself lies in the folder
# release beside them: the ids of the images, the sums of the programs, a list of the modules of each with licenses
# (CycloneDX), and SHA256SUMS of these, signed with the key of SATCHEL_SIGNING_KEY (release.sh).
#
#   make images ARGS='api migrate'          only these
#   SATCHEL_IMAGES_DEBIAN=debian@sha256:…   the base of those that use programs of Debian
#   SATCHEL_IMAGES_VERSION=1.2.3            instead of the commit
set -euo pipefail
# shellcheck source=../local/lib/all.sh
. "$(dirname "$0")/../local/lib/all.sh"
trap abandon EXIT
trap 'exit 130' INT TERM HUP

readonly here=$SATCHEL_ROOT/deploy/images
context=$SATCHEL_LOCAL/images
version=${SATCHEL_IMAGES_VERSION:-$(git -C "$SATCHEL_ROOT" rev-parse --short=12 HEAD)}
images=("$@")
((${#images[@]})) || images=(api migrate store temporal worker clamd edge postgres proxy monitor buckets trial)

command -v docker >/dev/null || { say "docker is missing: apt-get install docker.io, or name an engine with DOCKER_HOST"; exit 1; }
docker version --format '{{.Server.Version}}' >/dev/null || { say "no engine answers: start one, or name it with DOCKER_HOST"; exit 1; }

prepare_folders
install all versitygw
mkdir -p "$context/bin" "$context/files/etc/ssl/certs" "$context/files/tmp" "$context/empty"
rm -rf "$context/release" && mkdir -p "$context/release/sbom"
chmod 1777 "$context/files/tmp"

# program NAME PACKAGE [MODULE]: static, without paths, times or ids of the build.
program() { CGO_ENABLED=0 GOWORK=off go build -C "${3:-$SATCHEL_ROOT}" -trimpath -buildvcs=false -tags=nomsgpack -ldflags='-s -w -buildid=' -o "$context/bin/$1" "$2"; }

# The programs of each image, of which only those that are asked for are built: Temporal's alone take minutes.
declare -rA programs_of=(
  [api]='api satchel doctor' [migrate]=migrate [store]='versitygw satchel' [worker]='worker render fragment reader sandbox satchel doctor'
  [temporal]='temporal-server temporal-sql-tool temporal-ui satchel' [trial]='issuer mailbox'
)

wanted_programs() {
  local image
  for image in "${images[@]}"; do tr ' ' '\n' <<<"${programs_of[$image]:-}"; done | sed '/^$/d' | sort -u
}

programs() {
  local name released=()
  for name in $(wanted_programs); do
    case $name in
      temporal-server) program "$name" go.temporal.io/server/cmd/server "$here/temporal" ;;
      temporal-sql-tool) program "$name" go.temporal.io/server/cmd/tools/sql "$here/temporal" ;;
      temporal-ui) program "$name" github.com/temporalio/ui-server/v2/cmd/server "$here/temporal" ;;
      render) (cd "$SATCHEL_ROOT" && CGO_ENABLED=1 go build -trimpath -buildvcs=false -ldflags='-s -w -buildid=' -o "$context/bin/render" ./cmd/render) ;;
      versitygw) cp "$(versitygw_program)" "$context/bin/versitygw" ;;
      issuer | mailbox) program "$name" "./deploy/local/$name" ;;
      *) program "$name" "./cmd/$name" ;;
    esac
  done
  mapfile -t released < <(wanted_programs | grep -vxE 'issuer|mailbox') # those of the trial are no part of a release
  ((${#released[@]} == 0)) || (cd "$context/bin" && sha256sum "${released[@]}") >"$context/release/PROGRAMS"
}

# files: what the images from scratch need of a system.
files() {
  cp /etc/ssl/certs/ca-certificates.crt "$context/files/etc/ssl/certs/"
  mkdir -p "$context/files/usr/share"
  cp -rL /usr/share/zoneinfo "$context/files/usr/share/"
  printf 'root:x:0:0::/:/sbin/nologin\napi:x:1005:1005::/tmp:/sbin/nologin\nmigrate:x:1007:1007::/tmp:/sbin/nologin\nstore:x:1011:1011::/tmp:/sbin/nologin\ntemporal:x:1012:1012::/tmp:/sbin/nologin\n' >"$context/files/etc/passwd"
  printf 'root:x:0:\napi:x:1005:\nmigrate:x:1007:\nscanner:x:1010:api,worker\nstore:x:1011:\ntemporal:x:1012:\n' >"$context/files/etc/group"
  cp "$here"/{users,clamd,edge,postgres,temporal}.sh "$here"/{Caddyfile,buckets-entry.sh} "$SATCHEL_ROOT/deploy/buckets.sh" "$here"/{clamd,freshclam}.conf "$SATCHEL_ROOT/deploy/edge/satchel.vcl" "$SATCHEL_ROOT/deploy/local/services/roles.sql" "$context/"
  rm -rf "$context/temporal" "$context/monitor" && mkdir "$context/temporal" "$context/monitor"
  cp "$here"/temporal/*.yaml "$SATCHEL_ROOT/deploy/temporal/dynamicconfig.yaml" "$context/temporal/"
  cp "$here"/monitor/*.yaml "$SATCHEL_ROOT"/deploy/prometheus/{rules,statements}.yaml "$context/monitor/"
}

bills() {
  local name
  go build -C "$SATCHEL_ROOT/deploy/tools/sbom" -trimpath -o "$context/cyclonedx-gomod" github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
  for name; do
    "$context/cyclonedx-gomod" bin -json -licenses -noserial -output "$context/release/sbom/$name.json" "$context/bin/$name"
  done
  (($#)) || return 0
  jq -r '.components[] | [.name, .version, ((.licenses // .evidence.licenses // []) | map(.license.id // .license.name) | join(" "))] | @tsv' "$context"/release/sbom/*.json | sort -u >"$context/release/LICENSES.tsv"
}

# stage IMAGE: its part of the Dockerfile and what that is from. Docker without BuildKit would build every stage before it too.
stage() {
  local debian
  debian=$(grep -c "^FROM debian AS $1\$" "$here/Dockerfile" || true)
  awk -v image="$1" -v debian="$debian" 'NR == 1 { keep = 1 } /^FROM / { keep = $4 == image || $4 == "debian" && debian } keep' "$here/Dockerfile"
}

# ids: what the engine calls each image, the SHA-256 of its configuration.
ids() {
  local image id
  for image in "${images[@]}"; do
    id=$(docker image inspect --format '{{.Id}}' "satchel/$image:$version")
    echo "satchel/$image:$version $id"
  done
}

in_turn programs "build the programs of the images" programs
files
mapfile -t listed < <(wanted_programs | grep -vxE 'issuer|mailbox')
job bills "list their modules and licenses" env GOWORK=off bash -euo pipefail -c "$(declare -f bills); context=$context SATCHEL_ROOT=$SATCHEL_ROOT; bills \"\$@\"" bills "${listed[@]}"

for image in "${images[@]}"; do
  stage "$image" >"$context/$image.Dockerfile"
  in_turn "$image" "build satchel/$image:$version" docker build --quiet --network host --build-arg "DEBIAN=${SATCHEL_IMAGES_DEBIAN:-debian:bookworm-slim}" \
    --label "org.opencontainers.image.version=$version" --target "$image" --tag "satchel/$image:$version" --tag "satchel/$image:latest" --file "$context/$image.Dockerfile" "$context"
done
finish bills
ids >"$context/release/IMAGES"
say "" "Images:"
docker image ls --filter "label=org.opencontainers.image.version=$version" --format '  {{.Repository}}:{{.Tag}}  {{.Size}}' | sort
say "What belongs to them, with its sums: $context/release"
"$here/release.sh" sign "$context/release"
