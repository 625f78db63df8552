# shellcheck shell=bash
# The version of Go that builds and checks everything: the toolchain line of go.mod. The go command downloads it as a
# module where the installed Go is another version. The export replaces a GOTOOLCHAIN=local of the machine.

GOTOOLCHAIN=$(sed -n 's/^toolchain //p' "${BASH_SOURCE[0]%/*}/../../../go.mod")
export GOTOOLCHAIN

# require_toolchain: fails with an explanation where the toolchain is neither installed nor downloaded.
require_toolchain() {
  go version >/dev/null && return
  printf '%s\n' \
    "Satchel is built with $GOTOOLCHAIN, and the go command cannot get it. It comes from the Go module proxy" \
    "(about 70 MB, once): see that GOPROXY names one that this machine reaches, or install $GOTOOLCHAIN." >&2
  return 1
}
