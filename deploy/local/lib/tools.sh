# shellcheck shell=bash
# The programs of others that the stack runs: which versions will do, and how the missing ones are built.
#
# Each tool is pinned by a go.mod of its own, apart from the product's: deploy/tools/* and deploy/local/temporal. A
# stamp beside the built program says what it was built from, so that a warm start builds nothing.
#
# What the stack does not use of a tool is not compiled: `replace` directives point at stubs (README.md of
# ../temporal/stubs and of ../../tools/stack/stubs). deploy/local/temporal has the versions of ../../../go.mod where
# both use a module, so that the build of Satchel has already compiled it.

readonly least_temporal=1.5.0 least_versitygw=1.8.0

# at_least WANTED FOUND
at_least() { [[ -n $2 && $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -1) == "$1" ]]; }

# The program on the PATH where it is new enough, else ours.
temporal_program() {
  local found version
  if found=$(command -v temporal); then
    version=$("$found" --version 2>/dev/null | sed -nE 's/^temporal version ([0-9.]+).*/\1/p')
    at_least "$least_temporal" "$version" && echo "$found" && return
  fi
  echo "$SATCHEL_TOOLS/temporal"
}

versitygw_program() {
  local found version
  if found=$(command -v versitygw); then
    # One that was built by `go install` does not know its version; its module information does.
    version=$({ "$found" --version || true; go version -m "$found" || true; } 2>/dev/null |
      sed -nE 's/.*(Version *: v|github.com\/versity\/versitygw\tv)([0-9.]+).*/\2/p' | head -1)
    at_least "$least_versitygw" "$version" && echo "$found" && return
  fi
  echo "$SATCHEL_TOOLS/versitygw"
}

# name -> the module that pins it, and its package there
declare -rA tool_module=(
  [temporal]=deploy/local/temporal [process-compose]=deploy/tools/stack [versitygw]=deploy/tools/stack
  [golangci-lint]=deploy/tools/check [workflowcheck]=deploy/tools/check [gotestsum]=deploy/tools/check
  [govulncheck]=deploy/tools/check
  [sqlc]=deploy/tools/sqlc
  [helm]=deploy/tools/helm [kube-apiserver]=deploy/tools/kube [kubernetes]=deploy/tools/kube
)
declare -rA tool_package=(
  [temporal]=.
  [process-compose]=github.com/f1bonacc1/process-compose
  [versitygw]=./versitygw
  [golangci-lint]=github.com/golangci/golangci-lint/v2/cmd/golangci-lint
  [workflowcheck]=go.temporal.io/sdk/contrib/tools/workflowcheck
  [gotestsum]=gotest.tools/gotestsum
  [govulncheck]=golang.org/x/vuln/cmd/govulncheck
  [sqlc]=github.com/sqlc-dev/sqlc/cmd/sqlc
  [helm]=helm.sh/helm/v4/cmd/helm
  [kube-apiserver]=k8s.io/kubernetes/cmd/kube-apiserver
  [kubernetes]=.
)
# what to say of a build that takes long
declare -rA tool_patience=([temporal]=', takes minutes' [helm]=', takes minutes' [kube-apiserver]=', takes ten minutes and more' [kubernetes]=', takes ten minutes and more')
# what the linker puts into a program that does not know its version otherwise
declare -rA tool_link=([kube-apiserver]='-X k8s.io/component-base/version.gitVersion=v1.34.4' [kubernetes]='-X k8s.io/component-base/version.gitVersion=v1.34.4')

# needs_build NAME: it is neither built from what its module says now nor, where that will do, on the machine.
needs_build() {
  case $1 in
    temporal) [[ $(temporal_program) == "$SATCHEL_TOOLS/temporal" ]] || return 1 ;;
    versitygw) [[ $(versitygw_program) == "$SATCHEL_TOOLS/versitygw" ]] || return 1 ;;
  esac
  ! [[ -x $SATCHEL_TOOLS/$1 && -f $SATCHEL_TOOLS/.$1.stamp && $(<"$SATCHEL_TOOLS/.$1.stamp") == "$(stamp "$1")" ]]
}

# stamp NAME: everything that the built program depends on.
stamp() {
  cd "$SATCHEL_ROOT/${tool_module[$1]}"
  find . \( -name 'go.*' -o -name '*.go' \) ! -name '*_test.go' -print0 | sort -z | xargs -0 sha256sum | sha256sum
}

# missing_tools NAME...: those of them that need to be built.
missing_tools() {
  local name
  for name in "$@"; do
    if (needs_build "$name"); then echo "$name"; fi
  done
}

build_tool() {
  local name=$1
  CGO_ENABLED=0 GOWORK=off go build -C "$SATCHEL_ROOT/${tool_module[$name]}" -v -buildvcs=false -tags=nomsgpack -ldflags="-s -w ${tool_link[$name]:-}" \
    -o "$SATCHEL_TOOLS/$name" "${tool_package[$name]}"
  (stamp "$name") >"$SATCHEL_TOOLS/.$name.stamp"
}
