/** The control plane's processes with their arguments; the same for both flavors but for addresses. */
import { join } from "node:path";
import type { Component } from "./processes";
import { kubeconfigOf, pkiDir } from "./pki";
import { apiPort, nodeName, podCidr, serviceCidr } from "./settings";
import type { ClusterRecord } from "./state";

export interface Places {
  readonly dir: string;
  readonly record: ClusterRecord;
  /** Directory of the one program, by its names. */
  readonly programs: string;
  /** Address that the API server is reached at. */
  readonly address: string;
  readonly env: NodeJS.ProcessEnv;
  readonly prefix?: readonly string[];
}

/** Port of the API server. */
export function apiPortOf(record: ClusterRecord): number {
  return record.ports?.api ?? apiPort;
}

/** Makes a component of a program in the cluster's program directory. */
export function component(places: Places, name: string, args: readonly string[], inputs: readonly string[] = []): Component {
  return { name, command: join(places.programs, name), args, env: places.env, inputs, ...(places.prefix ? { prefix: places.prefix } : {}) };
}

export function etcd(places: Places): Component {
  const pki = pkiDir(places.dir);
  const { etcd: port, etcdPeer: peerPort } = places.record.ports ?? { etcd: 2379, etcdPeer: 2380 };
  const [url, peer] = [`https://127.0.0.1:${port}`, `https://127.0.0.1:${peerPort}`];
  const tls = (prefix: string) => [
    `--${prefix}cert-file=${pki}/etcd.crt`,
    `--${prefix}key-file=${pki}/etcd.key`,
    `--${prefix}trusted-ca-file=${pki}/etcd-ca.crt`,
    `--${prefix}client-cert-auth=true`,
  ];
  const args = [
    `--name=${nodeName}`,
    `--data-dir=${places.dir}/etcd`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=${nodeName}=${peer}`,
    ...tls(""),
    ...tls("peer-"),
    "--log-level=warn",
    // A simulated cluster holds nothing that can't be made again, and thousands of objects.
    ...(places.record.flavor === "simulated" ? ["--unsafe-no-fsync"] : []),
  ];
  return component(places, "etcd", args, [`${pki}/etcd.crt`, `${pki}/etcd-ca.crt`]);
}

export function apiServer(places: Places): Component {
  const pki = pkiDir(places.dir);
  const { record } = places;
  const real = record.flavor === "real";
  const args = [
    `--etcd-servers=https://127.0.0.1:${record.ports?.etcd ?? 2379}`,
    `--etcd-cafile=${pki}/etcd-ca.crt`,
    `--etcd-certfile=${pki}/kube-apiserver-etcd-client.crt`,
    `--etcd-keyfile=${pki}/kube-apiserver-etcd-client.key`,
    `--encryption-provider-config=${places.dir}/config/encryption.json`,
    `--secure-port=${apiPortOf(record)}`,
    `--advertise-address=${places.address}`,
    // Nothing in a simulated cluster calls the Service of the API server, and loopback is no endpoint.
    ...(real ? [] : ["--bind-address=127.0.0.1", "--endpoint-reconciler-type=none"]),
    `--tls-cert-file=${pki}/kube-apiserver.crt`,
    `--tls-private-key-file=${pki}/kube-apiserver.key`,
    `--client-ca-file=${pki}/ca.crt`,
    `--service-account-key-file=${pki}/service-accounts.pub`,
    `--service-account-signing-key-file=${pki}/service-accounts.key`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-cluster-ip-range=${serviceCidr}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--anonymous-auth=false",
    "--allow-privileged=true",
    "--profiling=false",
    `--requestheader-client-ca-file=${pki}/front-proxy-ca.crt`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-username-headers=X-Remote-User",
    `--proxy-client-cert-file=${pki}/front-proxy-client.crt`,
    `--proxy-client-key-file=${pki}/front-proxy-client.key`,
    ...(real
      ? [
          `--kubelet-client-certificate=${pki}/kube-apiserver-kubelet-client.crt`,
          `--kubelet-client-key=${pki}/kube-apiserver-kubelet-client.key`,
          `--kubelet-certificate-authority=${pki}/ca.crt`,
          "--kubelet-preferred-address-types=InternalIP",
        ]
      : []),
  ];
  const inputs = ["kube-apiserver.crt", "ca.crt", "front-proxy-ca.crt", "front-proxy-client.crt", "kube-apiserver-etcd-client.crt", "service-accounts.pub"];
  return component(places, "kube-apiserver", args, [...inputs.map((file) => join(pki, file)), join(places.dir, "config", "encryption.json")]);
}

export function controllerManager(places: Places): Component {
  const pki = pkiDir(places.dir);
  const args = [
    `--kubeconfig=${kubeconfigOf(places.dir, "kube-controller-manager")}`,
    "--leader-elect=false",
    "--secure-port=0",
    `--root-ca-file=${pki}/ca.crt`,
    `--service-account-private-key-file=${pki}/service-accounts.key`,
    "--use-service-account-credentials=true",
    `--cluster-cidr=${podCidr}`,
    "--allocate-node-cidrs=false",
    `--cluster-signing-cert-file=${pki}/ca.crt`,
    `--cluster-signing-key-file=${pki}/ca.key`,
  ];
  return component(places, "kube-controller-manager", args, [`${pki}/ca.crt`, `${pki}/service-accounts.pub`, `${pki}/kube-controller-manager.crt`]);
}

export function scheduler(places: Places): Component {
  const args = [`--kubeconfig=${kubeconfigOf(places.dir, "kube-scheduler")}`, "--leader-elect=false", "--secure-port=0"];
  return component(places, "kube-scheduler", args, [join(pkiDir(places.dir), "kube-scheduler.crt")]);
}

/** Gives namespaces OpenShift's ranges of user ids; part of the platform `openshift`. */
export function openshiftNamespaces(places: Places): Component {
  const name = "openshift-namespaces";
  const part = component(places, name, [name, `--kubeconfig=${kubeconfigOf(places.dir, name)}`], [join(pkiDir(places.dir), `${name}.crt`)]);
  return { ...part, command: join(places.programs, "cluster") };
}
