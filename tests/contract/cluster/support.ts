/** What the tests of the embedded cluster share. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { exec } from "../../../tools/lib/exec";
import { findCluster, removeCluster, type Cluster } from "../../../tools/cluster";
import { interfaceName } from "../../../tools/cluster/names";
import { processesIn } from "../../../tools/cluster/cgroups";
import { cgroupName } from "../../../tools/cluster/names";
import { processesOf } from "../../../tools/cluster/processes";
import { hostTools } from "../../../tools/toolchain/hosttools";

/** Names that no other run of the tests has. */
export const testName = (what: string): string => `test-${what}-${process.pid}`;

export async function removeIfThere(name: string): Promise<void> {
  const cluster = findCluster(name);
  if (cluster) await removeCluster(cluster);
}

/** Applies objects; the answer is kubectl's, whatever it is. */
export function apply(cluster: Cluster, ...objects: readonly object[]): Promise<{ code: number; stderr: string }> {
  return cluster.kubectl(["apply", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }), allowFailure: true });
}

/** An object as the server has it. */
export async function read<T>(cluster: Cluster, ...what: readonly string[]): Promise<T> {
  return JSON.parse((await cluster.kubectl(["get", ...what, "-o", "json"])).stdout) as T;
}

/** Asks until the answer is there. @throws after `seconds`, with what was said last */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined | false>, seconds = 60): Promise<T> {
  let last = "";
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(200)) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = String(error);
    }
  }
  throw new Error(`${what}: not within ${seconds} s ${last}`);
}

interface NamespaceObject {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

/** Makes a namespace. On OpenShift it waits for its ranges, as pods are refused before; returns the first user id. */
export async function makeNamespace(cluster: Cluster, name: string, annotations: Readonly<Record<string, string>> = {}): Promise<number> {
  await apply(cluster, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, annotations, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
  });
  if (cluster.platform === "kubernetes") return 0;
  return eventually(`ranges of namespace ${name}`, async () => {
    const { metadata } = await read<NamespaceObject>(cluster, "namespace", name);
    const range = metadata.annotations?.["openshift.io/sa.scc.uid-range"];
    return range === undefined ? undefined : Number(range.split("/")[0]);
  });
}

/** A pod that passes the restricted Pod Security Standard. */
export function restrictedPod(
  namespace: string,
  name: string,
  image: string,
  spec: { readonly command?: readonly string[]; readonly container?: object; readonly pod?: object; readonly security?: object } = {},
): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: {
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" }, ...spec.security },
      containers: [
        {
          name: "main",
          image,
          ...(spec.command ? { command: spec.command } : {}),
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
          ...spec.container,
        },
      ],
      ...spec.pod,
    },
  };
}

/** Kills every process of a cluster, its containers too, at once. */
export async function killAll(id: string): Promise<void> {
  for (let left = all(id); left.length > 0; left = all(id)) {
    for (const pid of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // ended meanwhile
      }
    }
    await sleep(20);
  }
}

const all = (id: string) => [...processesOf(id), ...processesIn(cgroupName(id))].filter(isLive);

function isLive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}

/** What a cluster could change on the host. Other clusters' interfaces and cgroups are left out: they may come and go meanwhile. */
export async function hostState(ownId: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const { env } = await hostTools(["ip", "iptables-save"]);
  const lines = async (command: string, ...args: readonly string[]) => (await exec(command, args, { env })).stdout.split("\n");
  const foreign = (line: string) => /\boap-[0-9a-f]{8}\b/.test(line) && !line.includes(interfaceName(ownId));
  const list = (dir: string) => {
    try {
      return readdirSync(dir).sort();
    } catch {
      return ["absent"];
    }
  };
  const hierarchies = list("/sys/fs/cgroup");
  const settings =
    "vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes net/ipv4/ip_forward net/netfilter/nf_conntrack_max".split(
      " ",
    );
  return {
    interfaces: (await lines("ip", "-o", "address")).filter((line) => !foreign(line)).map((line) => line.replace(/valid_lft.*/, "")),
    routes: (await lines("ip", "route", "show", "table", "all")).filter((line) => !foreign(line)),
    mounts: readFileSync("/proc/self/mounts", "utf8").split("\n"),
    firewall: (await lines("iptables-save")).filter((line) => !line.startsWith("#")).map((line) => line.replace(/\[\d+:\d+\]/, "")),
    "network namespaces": list("/run/netns"),
    cgroups: ["", ...hierarchies]
      .flatMap((dir) => list(join("/sys/fs/cgroup", dir)).map((name) => join(dir, name)))
      .filter((name) => name.includes("oap-") && !foreign(name)),
    settings: settings.map((name) => `${name} ${setting(name)}`),
    directories: ["/opt", "/var/lib", "/var/log", "/etc/cni", "/usr/libexec/kubernetes"].flatMap((dir) => list(dir).map((name) => join(dir, name))),
    processes: processesOf(ownId).map(String),
  };
}

function setting(name: string): string {
  try {
    return readFileSync(join("/proc/sys", name), "utf8").trim();
  } catch {
    return "absent";
  }
}
