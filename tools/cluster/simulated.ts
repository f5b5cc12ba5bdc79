/** The simulated flavor: a real control plane on loopback ports, and nodes that KWOK plays. Needs no root. */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { moduleDir } from "../toolchain";
import type { Api, KubeObject } from "./api";
import { clusterRole, clusterRoleBinding } from "./addons/common";
import { simulatedStorage } from "./addons/storage";
import { gpuLabels, gpuResource, gpuTaint } from "./addons/gpu";
import { component, type Places } from "./components";
import { kubeconfigOf, pkiDir } from "./pki";
import type { Component } from "./processes";
import { podCidr } from "./settings";
import { replaceFile, type ClusterRecord, type Ports } from "./state";

const fake = { key: "kwok.x-k8s.io/node", value: "fake" } as const;

/** Ports for a new cluster, or for one whose ports somebody else has taken since. */
export async function choosePorts(current?: Ports): Promise<Ports> {
  // A process that was just killed gives its ports back a moment later. Others change the address in the kubeconfig, so wait.
  for (let attempt = 0; current && attempt < 20; attempt++) {
    if ((await Promise.all(Object.values(current).map(isFree))).every(Boolean)) return current;
    await sleep(100);
  }
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  return { api: ports[0], etcd: ports[1], etcdPeer: ports[2] };
}

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject).listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

const freePort = () => listen(0);
const isFree = (port: number) =>
  listen(port).then(
    () => true,
    () => false,
  );

/** How nodes and pods behave, from KWOK's own module: ready at once, completed where a Job owns them, gone when deleted. */
const stages = [
  "node/fast/node-initialize",
  "node/heartbeat-with-lease/node-heartbeat-with-lease",
  "pod/fast/pod-ready",
  "pod/fast/pod-complete",
  "pod/fast/pod-delete",
];

export async function kwok(places: Places): Promise<Component> {
  const module = await moduleDir("cluster", "sigs.k8s.io/kwok");
  const file = join(places.dir, "config", "stages.yaml");
  replaceFile(file, stages.map((stage) => readFileSync(join(module, "kustomize/stage", `${stage}.yaml`), "utf8")).join("\n---\n"));
  const args = [
    `--config=${file}`,
    `--kubeconfig=${kubeconfigOf(places.dir, "kwok")}`,
    "--manage-all-nodes=false",
    `--manage-nodes-with-annotation-selector=${fake.key}=${fake.value}`,
    `--cidr=${podCidr}`,
    "--node-lease-duration-seconds=40",
  ];
  return component(places, "kwok", args, [file, join(pkiDir(places.dir), "kwok.crt")]);
}

/** What KWOK may do. */
export function kwokRights(): KubeObject[] {
  return [
    clusterRole("kwok", [
      { apiGroups: [""], resources: ["nodes", "pods"], verbs: ["get", "list", "watch", "patch", "update", "delete"] },
      { apiGroups: [""], resources: ["nodes/status", "pods/status"], verbs: ["get", "patch", "update"] },
      { apiGroups: [""], resources: ["events"], verbs: ["create", "patch", "update"] },
      { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "list", "watch", "patch", "update", "delete"] },
    ]),
    clusterRoleBinding("kwok", "kwok", { user: "kwok" }),
  ];
}

/** A node without GPUs and their taint, for what needs none. */
const worker = "worker1";

/** Creates the nodes that are missing; capacity is set once, KWOK keeps it. Nodes that somebody else made are left alone. */
export async function ensureNodes(api: Api, record: Pick<ClusterRecord, "nodes" | "gpus">): Promise<void> {
  const gpuNodes = Array.from({ length: record.nodes }, (_, i) => ({ name: `node${i + 1}`, gpus: record.gpus }));
  const nodes = record.gpus > 0 ? [...gpuNodes, { name: worker, gpus: 0 }] : gpuNodes;
  await api.apply(
    nodes.map(({ name, gpus }) => ({
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        annotations: { [fake.key]: fake.value },
        labels: {
          type: "kwok",
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": "linux",
          "kubernetes.io/arch": "amd64",
          "topology.kubernetes.io/zone": zoneOf(name),
          ...gpuLabels(gpus),
        },
      },
      ...(gpus > 0 ? { spec: { taints: [gpuTaint] } } : {}),
    })),
  );
  await Promise.all(
    nodes.map(({ name, gpus }) => {
      const capacity = { cpu: "64", memory: "512Gi", "ephemeral-storage": "2Ti", pods: "250", ...(gpus > 0 ? { [gpuResource]: String(gpus) } : {}) };
      return api.call("PATCH", `/api/v1/nodes/${name}/status`, { status: { capacity, allocatable: capacity } }, "application/strategic-merge-patch+json");
    }),
  );
}

/** Volumes that claims can bind to. One whose claim is gone is made free again: there is no data that could leak. */
export async function ensureVolumes(api: Api): Promise<void> {
  await api.apply(simulatedStorage());
  const { items = [] } = (await api.get<{ items: { metadata: { name: string }; status?: { phase?: string } }[] }>("/api/v1/persistentvolumes")) ?? {};
  const released = items.filter(({ metadata, status }) => metadata.name.startsWith("simulated-") && status?.phase === "Released");
  await Promise.all(
    released.map(({ metadata }) =>
      api.call("PATCH", `/api/v1/persistentvolumes/${metadata.name}`, { spec: { claimRef: null } }, "application/merge-patch+json"),
    ),
  );
}

/** Nodes take turns in three zones. */
function zoneOf(name: string): string {
  return `zone-${"abc"[Number(/\d+$/.exec(name)?.[0]) % 3] ?? "a"}`;
}
