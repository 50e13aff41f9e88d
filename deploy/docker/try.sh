#!/usr/bin/env bash
# Starts every service from the built image as Kubernetes would: as user 10001, with a read-only root file system
# except for /tmp. Lets them make a video with the checkpoint MODEL, checks the health of each, and shuts them down.
#
#   deploy/docker/try.sh [IMAGE] [MODEL] [NATS_SERVER]
#
# Needs root, buildah, curl and nats-server, but no container runtime.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
image=${1:-cinematica/service:$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$root/package.json")}
model=$(realpath "${2:-$root/models/nano}")
nats=${3:-nats-server}

work=$(mktemp -d)
container=$(buildah from --pull-never "$image")
tree=$(buildah mount "$container")
declare -A processes=()
# The child of unshare is process 1 of its namespace: it receives the signals that the kubelet would send, and all
# other processes end with it.
started_by() { cat "/proc/$1/task/$1/children" 2>/dev/null || true; }
finish() {
  for name in "${!processes[@]}"; do
    for process in $(started_by "${processes[$name]}") "${processes[$name]}"; do kill -KILL "$process" 2>/dev/null || true; done
  done
  wait 2>/dev/null || true
  buildah rm "$container" >/dev/null
  rm -rf "$work"
}
trap finish EXIT

# Uses a separate mount namespace, so that the mounts disappear when it ends.
inside='mount --make-rprivate / && mount --bind "$TREE" "$TREE" && mount -t proc proc "$TREE/proc" &&
  mount --rbind /dev "$TREE/dev" && mount --bind /etc/resolv.conf "$TREE/etc/resolv.conf" && mkdir -p "$TREE/model" &&
  mount --bind "$MODEL" "$TREE/model" && mount -o remount,bind,ro "$TREE/model" &&
  mount -t tmpfs -o size=256m,mode=1777 tmpfs "$TREE/tmp" && mount -o remount,bind,ro "$TREE" &&
  exec chroot --userspec=10001:10001 "$TREE" /usr/bin/env -i --chdir=/app PATH=/usr/local/bin:/usr/bin:/bin NODE_ENV=production "$@"'
run() { # name, VARIABLE=value... program
  local name=$1
  shift
  local program=${*: -1}
  TREE=$tree MODEL=$model unshare --mount --pid --fork \
    bash -c "$inside" run "${@:1:$#-1}" /usr/bin/tini -- /usr/local/bin/node "$program" >"$work/$name.log" 2>&1 &
  processes[$name]=$!
}

"$nats" --addr 127.0.0.1 --port 14222 --jetstream --store_dir "$work/nats" >"$work/nats.log" 2>&1 &
processes[nats]=$!
sleep 1
secret=$(head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n')
common=(NATS_URL=nats://127.0.0.1:14222 MODEL_DIR=/model)
stage=("${common[@]}" "STAGE_TOKEN=$secret" THREADS=2 MUX_THREADS=2)

run provisioner "${common[@]}" services/provisioner/src/main.ts
wait "${processes[provisioner]}" || { cat "$work/provisioner.log"; exit 1; }
unset 'processes[provisioner]'
echo "provisioner: $(tail -1 "$work/provisioner.log")"
run gateway "${common[@]}" HTTP_PORT=18080 METRICS_PORT=19090 "COOKIE_SECRET=$secret" "MEDIA_SECRET=$secret" services/gateway/src/main.ts
port=19091
for name in encoder denoiser decoder muxer; do
  run "$name" "${stage[@]}" GRPC_PORT=$((port + 100)) METRICS_PORT=$port "services/$name/src/main.ts"
  port=$((port + 1))
done
run outbound "${common[@]}" GRPC_PORT=$((port + 100)) METRICS_PORT=$port "OUTBOUND_TOKEN=$secret" WEBHOOK_SECRETS_FILE=/dev/null services/outbound/src/main.ts
run web HOST=127.0.0.1 PORT=13000 GATEWAY_URL=http://127.0.0.1:18080 web/build/index.js

until_ready() { # name, address
  for _ in $(seq 120); do
    if curl --silent --fail --output /dev/null "$2"; then echo "$1 is ready"; return; fi
    sleep 0.5
  done
  echo "$1 is not ready" >&2
  tail -5 "$work/$1.log" >&2
  exit 1
}
port=19090
for name in gateway encoder denoiser decoder muxer outbound; do
  until_ready "$name" "http://127.0.0.1:$port/readyz"
  port=$((port + 1))
done
until_ready web http://127.0.0.1:13000/

api() { # method; the request comes by standard input
  curl --silent --fail --cookie "$work/cookies" --cookie-jar "$work/cookies" --header 'content-type: application/json' \
    --data @- "http://127.0.0.1:18080/cinematica.v1.VideoService/$1"
}
photo=$(base64 --wrap=0 "$(find "$root/web/static" "$root/test" -name '*.jpg' -size -300k | head -1)")
settings='{"frames":8,"steps":2,"size":{"width":128,"height":64}}'
printf '{"image":"%s","settings":%s}' "$photo" "$settings" | api CreateVideo >"$work/video.json" ||
  { echo "CreateVideo failed"; tail -3 "$work/gateway.log"; exit 1; }
name=$(grep -o 'videos/[0-9a-f-]*' "$work/video.json" | head -1)
for _ in $(seq 240); do
  state=$(printf '{"name":"%s"}' "$name" | api GetVideo | grep -o '"state":"[A-Z_]*"' | head -1)
  case $state in *DONE* | *FAILED*) break ;; esac
  sleep 0.5
done
echo "the video: $state"

echo "resident memory, including child processes (MiB):"
resident() { # a process and what it started
  local sum
  sum=$(awk '/VmRSS/ { print $2 }' "/proc/$1/status" 2>/dev/null || echo 0)
  for child in $(started_by "$1"); do sum=$((sum + $(resident "$child"))); done
  echo "$sum"
}
for name in gateway encoder denoiser decoder muxer outbound web; do printf '  %-9s %d\n' "$name" $(($(resident "${processes[$name]}") / 1024)); done

echo "exit status and time after SIGTERM:"
for name in web outbound muxer decoder denoiser encoder gateway; do
  begin=$(date +%s%N)
  for child in $(started_by "${processes[$name]}"); do kill -TERM "$child"; done
  status=0
  wait "${processes[$name]}" || status=$?
  unset "processes[$name]"
  printf '  %-9s status %d after %d ms\n' "$name" "$status" $((($(date +%s%N) - begin) / 1000000))
done
