#!/usr/bin/env bash
# The sums of what is released, and their signature.
#
#   release.sh sign FOLDER                            FOLDER/SHA256SUMS of every file in it, and with the key that
#                                                     SATCHEL_SIGNING_KEY names, FOLDER/SHA256SUMS.sig
#   release.sh verify FOLDER SIGNERS IDENTITY [ENGINE]   whether all of it is what that signer has signed; with ENGINE,
#                                                     also whether the images of docker are those of FOLDER/IMAGES
#
# The key is one of SSH: an Ed25519 key of a file, or the public half of one that an agent or a hardware token holds.
# SIGNERS is a file of lines "IDENTITY KEY-TYPE KEY" (ssh-keygen(1), ALLOWED SIGNERS). No key is ever made here.
set -euo pipefail
readonly namespace=satchel-release # a signature for another purpose, such as of a commit, is none of a release

fail() { echo "$*" >&2; exit 1; }
usage() { fail "usage: release.sh sign FOLDER, or release.sh verify FOLDER SIGNERS IDENTITY [ENGINE]"; }

# listed: the files of the folder, but for the list and its signature.
listed() { find . -type f ! -path ./SHA256SUMS ! -path ./SHA256SUMS.new ! -path ./SHA256SUMS.sig -printf '%P\n' | LC_ALL=C sort; }

sign() {
  cd "$1"
  [[ -z $(find . ! -type f ! -type d -print -quit) ]] || fail "$1 holds something that is neither file nor folder; its sum would say nothing of it."
  rm -f SHA256SUMS.sig # what it signs is about to change
  listed | tr '\n' '\0' | xargs -0 --no-run-if-empty sha256sum -- >SHA256SUMS.new
  [[ -s SHA256SUMS.new ]] || fail "$1 holds no file to release."
  mv SHA256SUMS.new SHA256SUMS
  if [[ -z ${SATCHEL_SIGNING_KEY:-} ]]; then
    echo "UNSIGNED: $1 has sums and no signature. Name the key of the release in SATCHEL_SIGNING_KEY to sign it."
    return 0
  fi
  command -v ssh-keygen >/dev/null || fail "ssh-keygen is missing: apt-get install openssh-client"
  ssh-keygen -q -Y sign -f "$SATCHEL_SIGNING_KEY" -n "$namespace" SHA256SUMS || fail "The sums of $1 could not be signed with $SATCHEL_SIGNING_KEY. They are unsigned."
  echo "Signed: $1/SHA256SUMS.sig"
}

verify() {
  local folder=$1 signers identity=$3
  signers=$(realpath "$2")
  command -v ssh-keygen >/dev/null || fail "ssh-keygen is missing: apt-get install openssh-client"
  cd "$folder"
  [[ -s SHA256SUMS.sig ]] || fail "NOT VERIFIED: $folder is unsigned."
  ssh-keygen -q -Y verify -f "$signers" -I "$identity" -n "$namespace" -s SHA256SUMS.sig <SHA256SUMS || fail "NOT VERIFIED: SHA256SUMS of $folder was changed, or not signed by $identity as $2 knows them."
  sha256sum --check --strict --quiet SHA256SUMS || fail "NOT VERIFIED: a file of $folder is not the one that was signed."
  diff <(sed -E 's/^\\?[0-9a-f]{64}[ *]{2}//' SHA256SUMS) <(listed) >&2 || fail "NOT VERIFIED: $folder holds a file that was not signed."
  [[ $# -lt 4 ]] || engine "$folder"
  echo "Verified: $(wc -l <SHA256SUMS) files of $folder, signed by $identity."
}

# engine: an image's id is the SHA-256 of its configuration, which has those of its layers.
engine() {
  local image id has
  while read -r image id; do
    has=$(docker image inspect --format '{{.Id}}' "$image") || fail "NOT VERIFIED: the engine has no image $image."
    [[ $has == "$id" ]] || fail "NOT VERIFIED: the engine's $image is $has, and $id was signed."
  done <IMAGES
}

case ${1:-} in
  sign) (($# == 2)) || usage; sign "$2" ;;
  verify) (($# == 4 || $# == 5)) || usage; shift; verify "$@" ;;
  *) usage ;;
esac
