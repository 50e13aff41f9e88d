#!/usr/bin/env bash
# Builds the images of this checkout with docker or buildah, whichever is installed.
#
#   deploy/docker/build.sh [--prefix registry.example.com/cinematica] [--tag 0.2.0] [--push] [--from-debian] [service|gpu]...
#
# --from-debian: makes the base images here, for machines without access to an image registry: by debootstrap from
# Debian's mirror, with this machine's Node 24 and npm (as root, with buildah).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

prefix=cinematica tag=$(node --print 'require("./package.json").version') push= from_debian= targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) prefix=$2; shift 2 ;;
    --tag) tag=$2; shift 2 ;;
    --push) push=yes; shift ;;
    --from-debian) from_debian=yes; shift ;;
    service | gpu) targets+=("$1"); shift ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
[ ${#targets[@]} -gt 0 ] || targets=(service gpu)

arguments=()
if [ -n "$from_debian" ]; then
  builder=(buildah build --layers --isolation chroot --format docker)
  if ! buildah inspect localhost/debian:trixie >/dev/null 2>&1; then
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    debootstrap --variant=minbase --include=ca-certificates trixie "$root" http://deb.debian.org/debian
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/dev/*
    # The build uses this machine's certificates, because access to the registries may need them.
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    container=$(buildah from scratch)
    buildah copy --quiet "$container" "$root" /
    buildah commit --quiet "$container" localhost/debian:trixie
    buildah copy --quiet "$container" "$(node --print process.execPath)" /usr/local/bin/node
    npm=$(dirname "$(readlink --canonicalize "$(command -v npm)")")/..
    buildah copy --quiet "$container" "$npm" /usr/local/lib/node_modules/npm
    buildah run --isolation chroot "$container" -- ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
    buildah run --isolation chroot "$container" -- sh -c \
      'apt-get update && apt-get install --yes --no-install-recommends libstdc++6 && rm -rf /var/lib/apt/lists/*'
    buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$container"
    buildah commit --quiet --rm "$container" localhost/node:trixie
  fi
  arguments+=(--build-arg DEBIAN_IMAGE=localhost/debian:trixie --build-arg NODE_IMAGE=localhost/node:trixie)
elif command -v docker >/dev/null; then
  builder=(docker buildx build --load)
else
  builder=(buildah build --layers --format docker)
fi

for target in "${targets[@]}"; do
  image=$prefix/$target:$tag
  "${builder[@]}" "${arguments[@]}" --file deploy/docker/Dockerfile --target "$target" --tag "$image" .
  if [ -n "$push" ]; then "${builder[0]}" push "$image"; fi
  echo "built $image"
done
