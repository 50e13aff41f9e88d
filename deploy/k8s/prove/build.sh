#!/usr/bin/env bash
# Builds the programs of the control plane from their Go modules, unless they exist. Arguments: FOLDER, and the
# versions KUBERNETES ETCD KWOK.
set -euo pipefail
folder=$1 kubernetes=$2 etcd=$3 kwok=$4
export GOFLAGS=-mod=mod CGO_ENABLED=0

build() { # name, package, linker flags
  [ -x "$folder/$1" ] || { echo "building $1" >&2; go build -p 1 -trimpath -ldflags "-s -w ${3:-}" -o "$folder/$1" "$2"; }
}
project() { # name, requirement, replacements, packages...
  local name=$1 requirement=$2 replacements=$3
  shift 3
  mkdir -p "$folder/$name"
  cd "$folder/$name"
  if [ ! -e go.sum ]; then
    printf 'module prove\ngo 1.26\nrequire %s\n%s\n' "$requirement" "$replacements" >go.mod
    { printf '//go:build tools\npackage tools\n'; printf 'import _ "%s"\n' "$@"; } >tools.go
    go mod tidy >/dev/null 2>&1
  fi
}

if [ ! -x "$folder/etcd" ]; then
  project etcd-project "go.etcd.io/etcd/server/v3 v$etcd" '' go.etcd.io/etcd/server/v3
  build etcd go.etcd.io/etcd/server/v3
fi
if [ ! -x "$folder/kwok" ]; then
  project kwok-project "sigs.k8s.io/kwok v$kwok" '' sigs.k8s.io/kwok/cmd/kwok
  build kwok sigs.k8s.io/kwok/cmd/kwok
fi
components=(kube-apiserver kube-controller-manager kube-scheduler)
for component in "${components[@]}"; do
  [ ! -x "$folder/$component" ] || continue
  # The go.mod of Kubernetes has the version v0.0.0 for the modules of its staging folder. They are published under the
  # version of Kubernetes.
  source=$(go mod download -json "k8s.io/kubernetes@v$kubernetes" | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')
  replacements=$(sed -n 's/^\t\(k8s\.io\/[a-z0-9./-]*\) v0\.0\.0\( .*\)\{0,1\}$/\1/p' "$source/go.mod" | sort -u |
    while read -r name; do echo "replace $name => $name v0.${kubernetes#*.}"; done)
  project kubernetes-project "k8s.io/kubernetes v$kubernetes" "$replacements" "${components[@]/#/k8s.io/kubernetes/cmd/}"
  major=${kubernetes%%.*} minor=${kubernetes#*.}
  version=k8s.io/component-base/version
  build "$component" "k8s.io/kubernetes/cmd/$component" \
    "-X $version.gitVersion=v$kubernetes -X $version.gitMajor=$major -X $version.gitMinor=${minor%%.*}"
done
