# shellcheck shell=bash
# A node of Kubernetes with its control plane, in namespaces of the network, of mounts and of processes that
# deploy/local/kube.sh has made: nothing of it outlives them, listens on the machine, or changes the machine's settings.
#
#   start_node IMAGE...    # the images come from the engine, and are tagged :old and :new
#   node_ask METHOD PATH [JSON]

readonly node_address=10.87.0.1 pods_network=10.88.0.0/24 services_network=10.96.0.0/16 node_token=of-a-node
node=$SATCHEL_LOCAL/node
node_api=https://127.0.0.1:6443

# in_background NAME PROGRAM...
in_background() {
  local name=$1
  shift
  "$@" >"$SATCHEL_LOCAL/log/$name.log" 2>&1 </dev/null 9>&- &
}

# eventually SECONDS WHAT COMMAND...
eventually() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || { say "$what: not within its time; the logs are in $SATCHEL_LOCAL/log"; return 1; }
    sleep 0.3
  done
}

node_ask() {
  local body=()
  [[ -z ${3:-} ]] || body=(--header "Content-Type: ${4:-application/json}" --data-binary @- )
  printf '%s' "${3:-}" | curl --silent --show-error --fail-with-body --max-time 60 --cacert "$node/certificates/apiserver.crt" --header "Authorization: Bearer $node_token" --request "$1" "${body[@]}" "$node_api$2"
}

# Pods reach what listens on the loopback of this network by the address of the node.
node_network() {
  ip link set lo up
  ip link add node0 type bridge # without a port: not every kernel has dummies
  ip addr add "$node_address/24" dev node0
  ip link set node0 up
  ip route add "$services_network" dev node0
  ip route add default dev node0 # kubelet and kube-proxy ask which address leads out
  sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=1
  local ports=$SATCHEL_PORT_BASE:$((SATCHEL_PORT_BASE + 19)) chain
  for chain in PREROUTING OUTPUT; do
    iptables -t nat -A "$chain" -d "$node_address" -p tcp --dport "$ports" -j DNAT --to-destination 127.0.0.1
  done
  iptables -t nat -A INPUT -s "$pods_network" -d 127.0.0.1 -p tcp --dport "$ports" -j SNAT --to-source 127.0.0.1
}

# kubelet sets these for the whole machine where they differ: it gets to see the values that it wants.
node_sysctls() {
  local setting
  for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    echo "${setting#*=}" >"$node/sysctl-${setting//[\/=]/-}"
    mount --bind "$node/sysctl-${setting//[\/=]/-}" "/proc/sys/${setting%=*}"
  done
}

node_files() {
  mkdir -p "$node"/{etcd,certificates,containerd,kubelet,pods,cni,leases,signatures}
  openssl ecparam -genkey -name prime256v1 -noout -out "$node/accounts.pem" 2>/dev/null
  echo "$node_token,node,1,system:masters" >"$node/tokens.csv"
  : >"$node/resolv.conf" # there are no names here
  cp "$SATCHEL_CLAMD_SIGNATURES"/*.ndb "$node/signatures/"
  chmod -R a+rX "$node/signatures"
  cat >"$node/kubeconfig" <<CONFIG
{"apiVersion": "v1", "kind": "Config", "current-context": "node",
 "clusters": [{"name": "node", "cluster": {"server": "$node_api", "certificate-authority": "$node/certificates/apiserver.crt"}}],
 "users": [{"name": "node", "user": {"token": "$node_token"}}],
 "contexts": [{"name": "node", "context": {"cluster": "node", "user": "node"}}]}
CONFIG
  cat >"$node/containerd.toml" <<CONFIG
version = 2
root = "$node/containerd/root"
state = "$SATCHEL_RUN/containerd"
[grpc]
  address = "$SATCHEL_RUN/containerd.sock"
[ttrpc]
  address = "$SATCHEL_RUN/containerd.sock.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/satchel/pause:node"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$node/cni"
CONFIG
  cat >"$node/cni/10-pods.conflist" <<CONFIG
{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "pods0", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "$node/leases", "ranges": [[{"subnet": "$pods_network"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
CONFIG
  cat >"$node/kubelet.yaml" <<CONFIG
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
address: $node_address
healthzPort: 0
cgroupDriver: cgroupfs
cgroupsPerQOS: false
enforceNodeAllocatable: []
failSwapOn: false
oomScoreAdj: 0
containerRuntimeEndpoint: unix://$SATCHEL_RUN/containerd.sock
resolvConf: $node/resolv.conf
podLogsDir: $SATCHEL_LOCAL/log/pods
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
CONFIG
}

kubernetes() { local name=$1; in_background "$name" "$SATCHEL_TOOLS/kubernetes" "$@"; }

control_plane() {
  in_background etcd etcd --data-dir "$node/etcd" --unsafe-no-fsync --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380
  kubernetes kube-apiserver --etcd-servers http://127.0.0.1:2379 --bind-address 127.0.0.1 --advertise-address 127.0.0.1 --secure-port 6443 --cert-dir "$node/certificates" \
    --service-account-issuer https://kubernetes.default --service-account-key-file "$node/accounts.pem" --service-account-signing-key-file "$node/accounts.pem" \
    --token-auth-file "$node/tokens.csv" --authorization-mode AlwaysAllow --service-cluster-ip-range "$services_network" --endpoint-reconciler-type none \
    --kubelet-preferred-address-types InternalIP --feature-gates WatchList=false,SizeBasedListCostEstimate=false # etcd of Debian 12 does not tell how far it is
  eventually 180 "the API server" node_ask GET /readyz
  kubernetes kube-controller-manager --kubeconfig "$node/kubeconfig" --bind-address 127.0.0.1 --leader-elect=false --service-account-private-key-file "$node/accounts.pem" --root-ca-file "$node/certificates/apiserver.crt"
  kubernetes kube-scheduler --kubeconfig "$node/kubeconfig" --bind-address 127.0.0.1 --leader-elect=false
}

# node_images IMAGE...: of the engine, under two tags, so that an upgrade replaces what runs.
node_images() {
  local image ctr=(ctr --address "$SATCHEL_RUN/containerd.sock" --namespace k8s.io images)
  in_background containerd containerd --config "$node/containerd.toml"
  eventually 60 containerd ctr --address "$SATCHEL_RUN/containerd.sock" version
  docker save "satchel/pause:node" "${@/#/satchel\/}" | "${ctr[@]}" import - >/dev/null
  for image; do
    "${ctr[@]}" tag "docker.io/satchel/$image" "docker.io/satchel/${image%:*}:old" >/dev/null
    "${ctr[@]}" tag "docker.io/satchel/$image" "docker.io/satchel/${image%:*}:new" >/dev/null
  done
}

ready_node() { [[ $(node_ask GET "/api/v1/nodes/$node_address" | jq -r '.status.conditions[] | select(.type == "Ready").status') == True ]]; }

# end_node: what stays of the groups of processes, from outside.
end_node() { find /sys/fs/cgroup -depth -type d \( -path '*/k8s.io' -o -path '*/k8s.io/*' \) -exec rmdir {} + 2>/dev/null || true; }

start_node() {
  mount --make-rshared /
  mkdir -p /run/containerd
  mount -t tmpfs tmpfs /run/containerd # where its parts keep their sockets, whatever the configuration says
  node_network
  node_files
  node_sysctls
  control_plane
  node_images "$@"
  kubernetes kubelet --config "$node/kubelet.yaml" --kubeconfig "$node/kubeconfig" --root-dir "$node/kubelet" --cert-dir "$node/kubelet/pki" --hostname-override "$node_address" --node-ip "$node_address"
  kubernetes kube-proxy --kubeconfig "$node/kubeconfig" --proxy-mode iptables --cluster-cidr "$pods_network" --hostname-override "$node_address" --conntrack-max-per-core 0 \
    --conntrack-tcp-timeout-established 0s --conntrack-tcp-timeout-close-wait 0s --healthz-bind-address 127.0.0.1:10256
  eventually 120 "the node" ready_node
}
