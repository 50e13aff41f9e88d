#!/usr/bin/env bash
# Tests the overlays on a real control plane: etcd, kube-apiserver, kube-controller-manager and kube-scheduler run here
# as processes. kwok simulates only the nodes and their kubelets.
#
#   deploy/k8s/prove.sh [FOLDER]
#
# FOLDER stores the programs. The first run builds them from their Go modules, which takes half an hour on two cores
# and 3 GB. Needs go, kubectl, openssl and curl. Its output is in docs/kubernetes.md.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
KUBERNETES=1.37.2 ETCD=3.7.3 KWOK=0.8.0 KEDA=2.21.0 PROMETHEUS_OPERATOR=0.85.0 GATEWAY_API=1.6.3
programs=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/cinematica-prove}
mkdir -p "$programs"
programs=$(cd "$programs" && pwd)

"$here/prove/build.sh" "$programs" "$KUBERNETES" "$ETCD" "$KWOK"
module() { # its folder
  local answer folder
  answer=$(go mod download -json "$1") || true
  folder=$(sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p' <<<"$answer")
  [ -n "$folder" ] || { echo "$1 cannot be downloaded: $answer" >&2; return 1; }
  echo "$folder"
}
# A command that fails in an assignment of its own ends the script.
kwok=$(module "sigs.k8s.io/kwok@v$KWOK")
keda=$(module "github.com/kedacore/keda/v2@v$KEDA")
prometheus_operator=$(module "github.com/prometheus-operator/prometheus-operator@v$PROMETHEUS_OPERATOR")
gateway_api=$(module "sigs.k8s.io/gateway-api@v$GATEWAY_API")
kwok_stages=$kwok/kustomize/stage
keda_crds=$keda/config/crd/bases
prometheus_crds=$prometheus_operator/example/prometheus-operator-crd
gateway_crds=$gateway_api/config/crd/standard

work=$(mktemp -d)
children=()
finish() {
  for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
start() { # name, command...
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 &
  children+=($!)
}
failed=0
say() { printf '\n## %s\n' "$*"; }
pass() { printf '  ok    %s\n' "$*"; }
fail() { printf '  FAIL  %s\n' "$*"; failed=1; }
check() { # description, command...
  local description=$1
  shift
  if "$@" >"$work/output" 2>&1; then pass "$description"; else fail "$description"; sed 's/^/        /' "$work/output"; fi
}
until_true() { # seconds, command...
  local left=$1
  shift
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    sleep 1
  done
}

# ── The control plane ────────────────────────────────────────────────────────────────────────────────────────────────
port=16443
export KUBECONFIG=$work/kubeconfig
openssl genrsa -out "$work/sa.key" 2048 2>/dev/null
token=$(openssl rand -hex 16)
echo "$token,admin,admin,system:masters" >"$work/tokens.csv"
start etcd "$programs/etcd" --data-dir "$work/etcd" --listen-client-urls http://127.0.0.1:12379 \
  --advertise-client-urls http://127.0.0.1:12379 --listen-peer-urls http://127.0.0.1:12380 \
  --initial-advertise-peer-urls http://127.0.0.1:12380 --initial-cluster default=http://127.0.0.1:12380
start apiserver "$programs/kube-apiserver" --etcd-servers http://127.0.0.1:12379 --secure-port "$port" \
  --bind-address 127.0.0.1 --allow-privileged --cert-dir "$work/certs" --token-auth-file "$work/tokens.csv" --authorization-mode RBAC \
  --service-account-issuer https://prove --service-account-key-file "$work/sa.key" \
  --service-account-signing-key-file "$work/sa.key" --service-cluster-ip-range 10.96.0.0/16
kubectl config set-cluster prove --server "https://127.0.0.1:$port" --insecure-skip-tls-verify >/dev/null
kubectl config set-credentials admin --token "$token" >/dev/null
kubectl config set-context prove --cluster prove --user admin --namespace cinematica >/dev/null
kubectl config use-context prove >/dev/null
until_true 120 kubectl get --raw /readyz || { tail -5 "$work/apiserver.log"; exit 1; }
start controllers "$programs/kube-controller-manager" --kubeconfig "$KUBECONFIG" --leader-elect=false \
  --use-service-account-credentials --service-account-private-key-file "$work/sa.key" --bind-address 127.0.0.1 --secure-port 16257
start scheduler "$programs/kube-scheduler" --kubeconfig "$KUBECONFIG" --leader-elect=false --bind-address 127.0.0.1 --secure-port 16259
for stage in node/fast node/heartbeat-with-lease pod/general; do
  for file in "$kwok_stages/$stage"/*.yaml; do
    case $file in */kustomization.yaml) ;; *) printf -- '---\n'; cat "$file" ;; esac
  done
done >"$work/stages.yaml"
start kwok "$programs/kwok" --kubeconfig "$KUBECONFIG" --manage-all-nodes --config "$work/stages.yaml" --node-lease-duration-seconds 40

say "The control plane"
kubectl version 2>/dev/null | grep Server | sed 's/^/  /'
kubectl create --filename "$keda_crds/keda.sh_scaledobjects.yaml" >/dev/null
for kind in podmonitors prometheusrules; do
  kubectl create --filename "$prometheus_crds/monitoring.coreos.com_$kind.yaml" >/dev/null
done
for kind in httproutes grpcroutes referencegrants; do
  kubectl create --filename "$gateway_crds/gateway.networking.k8s.io_$kind.yaml" >/dev/null
done
kubectl wait --for=condition=Established crd --all --timeout=60s >/dev/null
echo "  CRDs: KEDA $KEDA, Prometheus operator $PROMETHEUS_OPERATOR, Gateway API $GATEWAY_API"

# ── Every overlay is accepted ────────────────────────────────────────────────────────────────────────────────────────
say "Server-side dry run of every overlay: no error, no warning"
kubectl apply --server-side --filename "$here/base/namespace.yaml" >/dev/null
until_true 30 kubectl get serviceaccount default
dry_run() {
  kubectl apply --server-side --dry-run=server --kustomize "$here/$1" >"$work/dry" 2>&1 && ! grep --quiet Warning "$work/dry" || {
    cat "$work/dry"
    return 1
  }
}
kubectl apply --server-side --filename "$here/overlays/router/namespace.yaml" >/dev/null
for overlay in base overlays/local-cpu overlays/local-cpu-s3 overlays/production overlays/one-gpu overlays/router; do
  check "$overlay" dry_run "$overlay"
  printf '        %s objects\n' "$(grep --count serverside-applied "$work/dry")"
done

say "Pod Security rejects pods that are not restricted"
rejected() {
  if kubectl run intruder --image=example.com/x:1.0.0 --privileged --dry-run=server >"$work/answer" 2>&1; then return 1; fi
  cat "$work/answer"
  grep --quiet 'violates PodSecurity "restricted' "$work/answer"
}
check "a privileged pod is rejected" rejected

# ── Scheduling ───────────────────────────────────────────────────────────────────────────────────────────────────────
node() { # name, zone, GPU product or -, number of GPUs, taint or -
  local gpu= taints='[]' capacity=
  if [ "$3" != - ]; then gpu="nvidia.com/gpu.product: $3, nvidia.com/gpu.present: 'true'," capacity=", nvidia.com/gpu: '$4'"; fi
  if [ "$5" != - ]; then taints='[{ key: nvidia.com/gpu, value: present, effect: NoSchedule }]'; fi
  kubectl create --filename - >/dev/null <<YAML
apiVersion: v1
kind: Node
metadata:
  name: $1
  labels: { $gpu kubernetes.io/hostname: $1, topology.kubernetes.io/zone: $2, kubernetes.io/os: linux }
spec: { taints: $taints }
status:
  capacity: { cpu: '32', memory: 128Gi, pods: '110'$capacity }
  allocatable: { cpu: '32', memory: 128Gi, pods: '110'$capacity }
YAML
}
volume() { # name, class, size, mode
  kubectl create --filename - >/dev/null <<YAML
apiVersion: v1
kind: PersistentVolume
metadata: { name: $1 }
spec:
  storageClassName: $2
  capacity: { storage: $3 }
  accessModes: [$4]
  hostPath: { path: /volumes/$1 }
YAML
}
for class in fast-ssd shared-files; do
  kubectl create --filename - >/dev/null <<YAML
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: $class }
provisioner: kubernetes.io/no-provisioner
allowVolumeExpansion: true
YAML
done
# For three installations, each with NATS' three volumes and that of the backups.
for i in 0 1 2 3 4 5 6 7 8 9 10 11; do volume "fast-$i" fast-ssd 1Ti ReadWriteOnce; done
for i in 0 1 2; do volume "shared-$i" shared-files 20Gi ReadWriteMany; done
node cpu-1 a - 0 -
node cpu-2 b - 0 -
node cpu-3 c - 0 -
node cpu-4 a - 0 -
node t4-1 a Tesla-T4 4 tainted
node t4-2 b Tesla-T4 4 - # without the usual taint: no pod may be scheduled there

say "Production on four CPU nodes and two T4 nodes (one of them without a taint)"
"$here/make-secrets.sh" | kubectl create --filename - >/dev/null
kubectl apply --server-side --kustomize "$here/overlays/production" >/dev/null
# Sets the number of replicas that KEDA would set.
kubectl scale deployment denoiser --replicas=3 >/dev/null
kubectl scale deployment decoder encoder muxer --replicas=2 >/dev/null
for workload in deployment/gateway deployment/web deployment/encoder deployment/muxer deployment/outbound statefulset/nats; do
  check "$workload is available" kubectl rollout status "$workload" --timeout=120s
done
done_or_gone() { [ "$(kubectl get job "$1" --output 'jsonpath={.status.succeeded}' 2>/dev/null)" = 1 ] || ! kubectl get job "$1" >/dev/null 2>&1; }
for job in provisioner weights; do check "job/$job is complete" until_true 120 done_or_gone "$job"; done
pods() { kubectl get pods --selector "app.kubernetes.io/name=$1" --field-selector "status.phase=$2" --no-headers 2>/dev/null | wc -l; }
without_node() { [ "$(kubectl get pods --selector "app.kubernetes.io/name=$1" --output 'jsonpath={.items[*].spec.nodeName}')" = '' ] && [ "$(pods "$1" Pending)" = "$2" ]; }
sleep 5
check "the denoiser's 3 pods are Pending: there is no A100" without_node denoiser 3
check "the decoder's 2 pods are Pending" without_node decoder 2
kubectl get pods --selector app.kubernetes.io/name=denoiser --output 'jsonpath={.items[0].status.conditions[0].message}' | sed 's/^/        /; s/\. *preemption.*//'
echo

say "Two A100 nodes are added: one with 4 GPUs, one with 2 that are shared by time-slicing (8 × “-SHARED”)"
node a100-1 a NVIDIA-A100-SXM4-80GB 4 tainted
node a100-2 b NVIDIA-A100-SXM4-80GB-SHARED 8 tainted
check "the denoiser is available" kubectl rollout status deployment/denoiser --timeout=120s
check "the decoder is available" kubectl rollout status deployment/decoder --timeout=120s
on_nodes() { # name, prefix of the names of its nodes
  local nodes
  nodes=$(kubectl get pods --selector "app.kubernetes.io/name=$1" --field-selector status.phase=Running --output 'jsonpath={.items[*].spec.nodeName}')
  [ -n "$nodes" ] && for node in $nodes; do case $node in $2-*) ;; *) return 1 ;; esac; done
}
for name in denoiser decoder; do check "$name runs on A100 nodes only" on_nodes "$name" a100; done
for name in gateway web encoder muxer outbound nats; do check "$name runs on CPU nodes only" on_nodes "$name" cpu; done
kubectl get pods --no-headers --output 'custom-columns=POD:.metadata.labels.app\.kubernetes\.io/name,NODE:.spec.nodeName' | sort | uniq -c | sed 's/^/      /'
admitted() { ! kubectl get events --all-namespaces --output 'jsonpath={.items[*].message}' | grep -E 'violates PodSecurity|forbidden'; }
check "the namespace admitted every pod (no event says otherwise)" admitted

# ── Disruption budgets ───────────────────────────────────────────────────────────────────────────────────────────────
watch_budgets() { kubectl get pdb --watch --output 'jsonpath={.metadata.name}{" "}{.status.currentHealthy}{" "}{.status.desiredHealthy}{"\n"}' >"$work/budgets" 2>/dev/null & watcher=$!; }
budgets_held() {
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  awk '{ seen[$1]++; if (!($1 in least) || $2 - $3 < least[$1]) least[$1] = $2 - $3 }
    END { for (name in least) { printf "        %-9s %3d samples, never less than %d above its budget\n", name, seen[name], least[name]; if (least[name] < 0) bad = 1 } exit bad }' "$work/budgets"
}
say "A rolling update of all workloads respects the budgets"
watch_budgets
for name in gateway web encoder denoiser decoder muxer outbound; do kubectl set env "deployment/$name" UPDATED=once >/dev/null; done
kubectl patch statefulset nats --type=merge --patch '{"spec":{"template":{"metadata":{"annotations":{"updated":"once"}}}}}' >/dev/null
for workload in deployment/gateway deployment/web deployment/encoder deployment/denoiser deployment/decoder deployment/muxer deployment/outbound statefulset/nats; do
  check "$workload is updated" kubectl rollout status "$workload" --timeout=180s
done
if budgets_held; then pass "no budget was violated"; else fail "a budget was violated"; fi

say "Draining the CPU node that nats-0 runs on and an A100 node respects the budgets"
watch_budgets
first=$(kubectl get pod nats-0 --output 'jsonpath={.spec.nodeName}')
check "$first is drained" kubectl drain "$first" --ignore-daemonsets --delete-emptydir-data --timeout=180s
check "a100-1 is drained" kubectl drain a100-1 --ignore-daemonsets --delete-emptydir-data --timeout=180s
for workload in deployment/gateway deployment/web deployment/encoder deployment/denoiser deployment/decoder deployment/muxer deployment/outbound statefulset/nats; do
  check "$workload is available again on other nodes" kubectl rollout status "$workload" --timeout=180s
done
if budgets_held; then pass "no budget was violated"; else fail "a budget was violated"; fi

# ── Several installations ────────────────────────────────────────────────────────────────────────────────────────────
cp -R "$here" "$work/k8s"
installation() { # name of its folder and namespace, host
  cp -R "$here/overlays/production" "$work/k8s/overlays/$1"
  sed -i "s/^namespace: cinematica$/namespace: $1/; s/host=videos.example.com/host=$2/; s/grpc-host=grpc.videos.example.com/grpc-host=grpc.$2/; s|# - ../../components/gateway-api|- ../../components/gateway-api|" \
    "$work/k8s/overlays/$1/kustomization.yaml"
}
# Makes the namespace, the Secrets and everything else.
install() { # namespace, folder
  kubectl create namespace "$1" >/dev/null
  "$here/make-secrets.sh" | kubectl create --namespace "$1" --filename - >/dev/null
  kubectl apply --server-side --force-conflicts --kustomize "$work/k8s/overlays/$2" >"$work/applied" 2>&1
}
available() { # namespace, workloads...
  local namespace=$1 workload
  shift
  for workload in "$@"; do check "$workload of $namespace is available" kubectl --namespace "$namespace" rollout status "$workload" --timeout=180s; done
}
services='deployment/gateway deployment/web deployment/encoder deployment/denoiser deployment/decoder deployment/muxer deployment/outbound statefulset/nats'

say "A second installation beside the first, with routes of the Gateway API, and the router of both"
kubectl uncordon "$first" a100-1 >/dev/null
node a100-3 c NVIDIA-A100-80GB-PCIe 4 tainted
objects() { kubectl get deployments,statefulsets,services,jobs,cronjobs,scaledobjects,prometheusrules,configmaps,secrets,pvc --output name | sort; }
before=$(objects)
installation cell-b b.videos.example.com
check "cell-b is applied" install cell-b cell-b
kubectl --namespace cell-b scale deployment denoiser decoder --replicas=1 >/dev/null
# shellcheck disable=SC2086
available cell-b $services
check "the router is applied" kubectl apply --server-side --kustomize "$work/k8s/overlays/router"
unchanged() { [ "$before" = "$(objects)" ]; }
check "no object of the first one has come or gone" unchanged
# The first installation is not named. (The names of metrics, such as cinematica_steps_total, are other words.)
own() { # kind, path in its objects
  local found
  found=$(kubectl --namespace cell-b get "$1" --output "jsonpath={$2}") && [ -n "$found" ] && ! grep --quiet "\bcinematica\b" <<<"$found"
}
check "its scalers ask its own gateways" own scaledobjects '.items[*].spec.triggers[*].metadata.scalerAddress'
check "its alerts carry its own name" own prometheusrules '.items[*].spec.groups[*].rules[*].labels.namespace'
check "its alerts look at its own pods" own prometheusrules '.items[*].spec.groups[*].rules[*].expr'
check "all pods were admitted" admitted

say "A third one with a single GPU, which the denoiser and the decoder share"
sed -i 's/^namespace: cinematica$/namespace: single/; s/host=videos.example.com/host=single.videos.example.com/' "$work/k8s/overlays/production/kustomization.yaml"
kubectl cordon a100-1 a100-2 a100-3 >/dev/null
node a100-4 a NVIDIA-A100-SXM4-40GB 1 tainted
check "it is applied" install single one-gpu
kubectl --namespace single scale deployment denoiser --replicas=1 >/dev/null
# shellcheck disable=SC2086
available single ${services/deployment\/decoder/}
shares() {
  [ "$(kubectl --namespace single get pods --selector app.kubernetes.io/name=denoiser --output 'jsonpath={.items[*].spec.nodeName}')" = a100-4 ] &&
    ! kubectl --namespace single get deployment decoder &&
    [ "$(kubectl --namespace single get endpointslices --selector kubernetes.io/service-name=decoder --output 'jsonpath={.items[0].ports[0].port}')" = 50052 ]
}
check "one pod has the only GPU, and the Service of the decoder leads to it" shares

say "A restore in the second installation"
backup_done() { kubectl --namespace cell-b wait --for=condition=complete "job/$1" --timeout=60s; }
kubectl --namespace cell-b create job backup-now --from=cronjob/backup >/dev/null
check "a backup is started from its CronJob and ends" backup_done backup-now
kubectl --namespace cell-b scale deployment --all --replicas=0 >/dev/null
stopped() { # no pod but those of NATS and of Jobs, and NATS is there: kubectl has answered
  local names
  names=$(kubectl --namespace cell-b get pods --output 'jsonpath={range .items[*]}{.metadata.labels.app\.kubernetes\.io/name}{"\n"}{end}') &&
    grep --quiet --line-regexp nats <<<"$names" && ! grep --quiet --line-regexp --invert-match --extended-regexp 'nats|provisioner|weights|backup' <<<"$names"
}
check "all services stop, NATS stays" until_true 120 stopped
kubectl --namespace cell-b create job restore --from=cronjob/restore >/dev/null
check "the restore is started from its suspended CronJob and ends" backup_done restore
kubectl --namespace cell-b delete job provisioner weights >/dev/null
check "the installation is applied again" kubectl apply --server-side --force-conflicts --kustomize "$work/k8s/overlays/cell-b"
kubectl uncordon a100-3 >/dev/null
kubectl --namespace cell-b scale deployment denoiser decoder encoder muxer --replicas=1 >/dev/null
# shellcheck disable=SC2086
available cell-b $services
echo "  What the two Jobs do with NATS is tested with real servers: test/deploy/nats.test.ts, services/backup/src/rehearsal.test.ts"

say "The volumes of its NATS are enlarged, as docs/operations.md says"
sed -i 's/nats-storage-size=.*/nats-storage-size=400Gi/; s/nats-file-store=.*/nats-file-store=360GB/' "$work/k8s/overlays/cell-b/kustomization.yaml"
apply_cell() { kubectl apply --server-side --force-conflicts --kustomize "$work/k8s/overlays/cell-b"; }
refused() { ! apply_cell >"$work/answer" 2>&1 && grep --quiet 'StatefulSet.*nats.*spec: Forbidden' "$work/answer"; }
check "Kubernetes refuses the size for the StatefulSet that exists" refused
enlarge() {
  local server
  for server in 0 1 2; do
    kubectl --namespace cell-b patch pvc "data-nats-$server" --patch '{"spec":{"resources":{"requests":{"storage":"400Gi"}}}}' || return 1
  done
}
check "the volumes of its three servers are enlarged" enlarge
servers() { kubectl --namespace cell-b get pods --selector app.kubernetes.io/name=nats --output 'jsonpath={.items[*].metadata.uid}'; }
running=$(servers)
check "the StatefulSet is removed without its pods" kubectl --namespace cell-b delete statefulset nats --cascade=orphan --timeout=60s
same_pods() { [ "$running" = "$(servers)" ] && [ -n "$running" ]; }
check "they are still there" same_pods
kubectl --namespace cell-b delete job provisioner weights >/dev/null
check "it is applied again" apply_cell
check "statefulset/nats of cell-b is updated" kubectl --namespace cell-b rollout status statefulset/nats --timeout=180s
larger() {
  [ "$(kubectl --namespace cell-b get pods --selector app.kubernetes.io/name=nats --output 'jsonpath={.items[*].spec.containers[0].env[?(@.name=="NATS_FILE_STORE")].value}')" = '360GB 360GB 360GB' ] &&
    [ "$(kubectl --namespace cell-b get pvc data-nats-0 data-nats-1 data-nats-2 --output 'jsonpath={.items[*].spec.resources.requests.storage}')" = '400Gi 400Gi 400Gi' ]
}
check "its servers use the larger volumes" larger

say "$([ "$failed" = 0 ] && echo "All checks passed." || echo "Some checks failed.")"
exit "$failed"
