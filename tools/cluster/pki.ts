/** Who is who in a cluster: a certificate and a kubeconfig per component, each with its own identity and no more rights than that. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureCertificates, ensureKeyPair, type Subject } from "./certificates";
import { writeKubeconfig } from "./kubeconfig";
import { apiServiceAddress, clusterDomain, nodeName } from "./settings";
import { replaceFile } from "./state";

export const pkiDir = (dir: string): string => join(dir, "pki");

/** Components that talk to the API server; each gets `config/<name>.kubeconfig`. */
const clients: readonly { readonly name: string; readonly user: string; readonly group?: string; readonly on?: "real" | "simulated" | "openshift" }[] = [
  { name: "kube-controller-manager", user: "system:kube-controller-manager" },
  { name: "kube-scheduler", user: "system:kube-scheduler" },
  { name: "kube-proxy", user: "system:kube-proxy", on: "real" },
  { name: "kubelet", user: `system:node:${nodeName}`, group: "system:nodes", on: "real" },
  { name: "kwok", user: "kwok", on: "simulated" },
  { name: "openshift-namespaces", user: "openshift-namespaces", on: "openshift" },
];

export const kubeconfigOf = (dir: string, component: string): string => join(dir, "config", `${component}.kubeconfig`);

export interface PkiOptions {
  /** `https://address:port` */
  readonly server: string;
  /** Address in `server`. */
  readonly address: string;
  /** Name of cluster, user and context in the user's kubeconfig. */
  readonly context: string;
  readonly features: readonly ("real" | "simulated" | "openshift")[];
}

/** The certificates of a cluster. */
export function subjectsOf(options: Pick<PkiOptions, "address" | "features">): Subject[] {
  const has = (feature: PkiOptions["features"][number] | undefined) => feature === undefined || options.features.includes(feature);
  const loopback = ["localhost", "127.0.0.1"];
  const service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", `kubernetes.default.svc.${clusterDomain}`];
  const server = (file: string, commonName: string, names: readonly string[]): Subject => ({ file, authority: "ca", commonName, usage: "server", names });
  return [
    { file: "admin", authority: "ca", commonName: "admin", organization: "system:masters", usage: "client" },
    server("kube-apiserver", "kube-apiserver", [...new Set([...loopback, ...service, apiServiceAddress, options.address])]),
    ...clients
      .filter((client) => has(client.on))
      .map((client): Subject => ({
        file: client.name,
        authority: "ca",
        commonName: client.user,
        ...(client.group ? { organization: client.group } : {}),
        usage: "client",
      })),
    // etcd trusts an authority of its own: no client of the API server can read around it.
    { file: "etcd", authority: "etcd-ca", commonName: "etcd", usage: "peer", names: loopback },
    { file: "kube-apiserver-etcd-client", authority: "etcd-ca", commonName: "kube-apiserver-etcd-client", usage: "client" },
    { file: "front-proxy-client", authority: "front-proxy-ca", commonName: "front-proxy-client", usage: "client" },
    ...(has("real")
      ? [
          { file: "kube-apiserver-kubelet-client", authority: "ca", commonName: "kube-apiserver-kubelet-client", usage: "client" } as const,
          server("kubelet-server", `system:node:${nodeName}`, [nodeName, "127.0.0.1", options.address]),
          server("metrics-server", "metrics-server", ["metrics-server.kube-system.svc"]),
        ]
      : []),
  ];
}

/** Makes or renews all certificates, keys and kubeconfigs. */
export async function ensurePki(dir: string, options: PkiOptions): Promise<void> {
  const pki = pkiDir(dir);
  await ensureCertificates(pki, subjectsOf(options));
  ensureKeyPair(pki, "service-accounts");
  for (const client of clients.filter(({ on }) => on === undefined || options.features.includes(on))) {
    writeKubeconfig(kubeconfigOf(dir, client.name), { server: options.server, name: client.name, pki, file: client.name, embed: false });
  }
  writeKubeconfig(join(dir, "kubeconfig"), { server: options.server, name: options.context, pki, file: "admin", embed: true });
  ensureEncryption(join(dir, "config", "encryption.json"));
}

/** Secrets are encrypted at rest; the key is made once and lives as long as the data. */
function ensureEncryption(path: string): void {
  if (existsSync(path)) return;
  const key = { name: "key1", secret: randomBytes(32).toString("base64") };
  const config = {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [{ resources: ["secrets"], providers: [{ secretbox: { keys: [key] } }, { identity: {} }] }],
  };
  replaceFile(path, JSON.stringify(config));
}

/** PEM text of one of the files. */
export function pem(dir: string, file: string): string {
  return readFileSync(join(pkiDir(dir), file), "utf8");
}
