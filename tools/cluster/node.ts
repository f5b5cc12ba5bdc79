/** The real node: containerd, kubelet, kube-proxy and their configuration. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { component, type Places } from "./components";
import { cgroupName } from "./names";
import { kubeconfigOf, pkiDir } from "./pki";
import type { Component } from "./processes";
import { clusterDomain, dnsServiceAddress, nodeName, pauseImage, podCidr } from "./settings";
import { replaceFile } from "./state";

export interface NodePlaces extends Places {
  /** Directory of containerd, its shim and ctr. */
  readonly containerd: string;
  /** Path of runc. */
  readonly runc: string;
}

/** Where it listens, inside the cluster's mount namespace: the default of its clients. */
export const containerdSocket = "/run/containerd/containerd.sock";

const config = (places: Places, file: string) => join(places.dir, "config", file);

function writeConfig(path: string, text: string): string {
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) replaceFile(path, text);
  return path;
}

export function containerd(places: NodePlaces): Component {
  const network = {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: { type: "host-local", ranges: [[{ subnet: podCidr }]], routes: [{ dst: "0.0.0.0/0" }] },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
  writeConfig(config(places, "cni/10-pods.conflist"), JSON.stringify(network));
  // Without restrict_oom_score_adj no sandbox starts where CAP_SYS_RESOURCE is missing. NRI and opt would make directories in /opt.
  const text = `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
imports = []
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${pauseImage}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["${places.programs}"]
  conf_dir = "${config(places, "cni")}"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
    SystemdCgroup = false
    BinaryName = "${places.runc}"
`;
  const file = writeConfig(config(places, "containerd.toml"), text);
  return {
    ...component(places, "containerd", [`--config=${file}`], [file, config(places, "cni/10-pods.conflist")]),
    command: join(places.containerd, "containerd"),
  };
}

/**
 * The kubelet sets these for the whole machine unless they have its values already: show it files that say so, in a mount namespace of its own. Its volume
 * mounts still reach containerd.
 */
const kernelSettings = {
  "vm/overcommit_memory": 1,
  "vm/panic_on_oom": 0,
  "kernel/panic": 10,
  "kernel/panic_on_oops": 1,
  "kernel/keys/root_maxkeys": 1_000_000,
  "kernel/keys/root_maxbytes": 25_000_000,
};
const hideSettings = `set -eu
mount --make-private /proc
dir=$(mktemp -d /run/kernel.XXXXXX)
i=0
for setting in ${Object.entries(kernelSettings)
  .map(([name, value]) => `${name}=${value}`)
  .join(" ")}; do
  i=$((i+1)); echo "\${setting#*=}" >"$dir/$i"
  mount --bind "$dir/$i" "/proc/sys/\${setting%=*}"
done
exec "$@"`;

export function kubelet(places: NodePlaces): Component {
  const pki = pkiDir(places.dir);
  // Pods resolve by the cluster's DNS server; those in the node's network resolve nothing, as there is no way out.
  const resolv = writeConfig(config(places, "resolv.conf"), "");
  const settings = {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroupName(places.record.id),
    enforceNodeAllocatable: ["pods"],
    failSwapOn: false,
    clusterDomain,
    clusterDNS: [dnsServiceAddress],
    resolvConf: resolv,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    authentication: { x509: { clientCAFile: `${pki}/ca.crt` }, anonymous: { enabled: false }, webhook: { enabled: true } },
    authorization: { mode: "Webhook" },
    tlsCertFile: `${pki}/kubelet-server.crt`,
    tlsPrivateKeyFile: `${pki}/kubelet-server.key`,
    tlsMinVersion: "VersionTLS12",
    volumePluginDir: "/var/lib/kubelet/volume-plugins",
    // Images can't be pulled again, and a disk that is nearly full is the user's, not this node's.
    imageGCHighThresholdPercent: 100,
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%", "nodefs.inodesFree": "1%" },
    syncFrequency: "10s",
  };
  const file = writeConfig(config(places, "kubelet.json"), JSON.stringify(settings, undefined, 2));
  const args = [
    `--config=${file}`,
    `--kubeconfig=${kubeconfigOf(places.dir, "kubelet")}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${places.address}`,
    "--cert-dir=/var/lib/kubelet/pki",
  ];
  const kubelet = component(places, "kubelet", args, [file, `${pki}/kubelet-server.crt`, `${pki}/kubelet.crt`, `${pki}/ca.crt`]);
  return { ...kubelet, prefix: [...(places.prefix ?? []), "unshare", "--mount", "--propagation", "unchanged", "--", "sh", "-c", hideSettings, "sh"] };
}

export function kubeProxy(places: NodePlaces): Component {
  const settings = {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    clusterCIDR: podCidr,
    hostnameOverride: nodeName,
    clientConnection: { kubeconfig: kubeconfigOf(places.dir, "kube-proxy") },
    // The size of the connection table belongs to the machine.
    conntrack: { maxPerCore: 0, min: 0 },
    iptables: { syncPeriod: "30s", minSyncPeriod: "100ms" },
  };
  const file = writeConfig(config(places, "kube-proxy.json"), JSON.stringify(settings, undefined, 2));
  return component(places, "kube-proxy", [`--config=${file}`], [file, join(pkiDir(places.dir), "kube-proxy.crt")]);
}
