/** The real flavor: control plane and one node in a network and mount namespace of their own. Root on Linux. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import { exec, type ExecOptions, type ExecResult } from "../lib/exec";
import { UserError } from "../lib/errors";
import { gpuLabels, gpuResource } from "./addons/gpu";
import type { Api } from "./api";
import { chooseSubnet, overlaps, subnetOf, type Subnet } from "./names";
import { insidePrefix, takenNetworks } from "./namespaces";
import { fieldManager, nodeName } from "./settings";
import type { ClusterRecord } from "./state";

/** Why no real cluster is possible here; undefined when one is. */
export function canRunReal(): string | undefined {
  if (process.platform !== "linux") return `containers need Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "containers need root";
  if (!existsSync("/proc/self/ns/net") || !existsSync("/proc/self/ns/mnt")) return "the kernel has no network or mount namespaces";
  try {
    accessSync("/sys/fs/cgroup", constants.W_OK);
  } catch {
    return "cgroups are not writable at /sys/fs/cgroup (inside a container?)";
  }
  // Root without the right to do so, as in most containers; where there is no such program, packages bring it later.
  const { status, error } = spawnSync("unshare", ["--mount", "--net", "true"], { stdio: "ignore" });
  return status === 0 || error ? undefined : "root may not make namespaces (CAP_SYS_ADMIN is missing)";
}

/** The recorded subnet, or another where the host uses that one meanwhile. */
export async function ensureSubnet(record: Pick<ClusterRecord, "id" | "subnet">, env: NodeJS.ProcessEnv): Promise<Subnet> {
  const taken = await takenNetworks(record.id, env);
  const base = record.subnet?.split("/")[0];
  if (base && !taken.some((network) => Number(network.split("/")[1] ?? 32) >= 16 && overlaps(network, `${base}/30`))) return subnetOf(base);
  return chooseSubnet(record.id, taken);
}

/** Runs a command inside the cluster's namespaces. @throws UserError when the cluster does not run */
export function inside(
  dir: string,
  name: string,
  what: readonly ("--mount" | "--net")[],
  command: string,
  args: readonly string[],
  options?: ExecOptions,
): Promise<ExecResult> {
  const prefix = insidePrefix(dir, what);
  if (!prefix) throw new UserError(`cluster ${name} does not run`, { fix: "make up" });
  const [first = "", ...rest] = [...prefix, command, ...args];
  return exec(first, rest, options);
}

/** containerd's client. Only the mount namespace is entered, so that what it fetches itself comes over the host's network. */
export function ctrOf(dir: string, name: string, containerd: string) {
  return (args: readonly string[], options?: ExecOptions): Promise<ExecResult> =>
    inside(dir, name, ["--mount"], join(containerd, "ctr"), ["--namespace=k8s.io", ...args], options);
}

/** Labels of the node, and its number of GPUs: the kubelet forgets them when it starts. */
export async function ensureGpus(api: Api, gpus: number): Promise<void> {
  const labels = { "node-role.kubernetes.io/worker": "", ...gpuLabels(gpus) };
  const path = `/api/v1/nodes/${nodeName}`;
  await api.call(
    "PATCH",
    `${path}?fieldManager=${fieldManager}&force=true`,
    { apiVersion: "v1", kind: "Node", metadata: { name: nodeName, labels } },
    "application/apply-patch+yaml",
  );
  const amount = { [gpuResource]: gpus === 0 ? null : String(gpus) };
  const { status, text } = await api.call("PATCH", `${path}/status`, { status: { capacity: amount, allocatable: amount } }, "application/merge-patch+json");
  if (status >= 300) throw new Error(`node status: ${status} ${text}`);
}
