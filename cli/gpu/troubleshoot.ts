/** `aictl troubleshoot gpu`: what keeps pods from GPUs, each with its cause and what to do. Reads only. */
import { furtherGpus, gpuResources, groupsOf, gpuClasses, classLabel } from "../../stacks/gpu";
import { runChecks, type Report } from "../../tools/doctor/engine";
import { gpus as gpuCheck, nodeSelectors } from "../../tools/doctor/checks/nodes";
import { reportText } from "../../tools/doctor/output";
import { ok, problem, skipped, warning, type Check, type Finding, type Wanted } from "../../tools/doctor/types";
import { amountOf } from "../../tools/doctor/objects";
import { ownerOf } from "../../components/common/labels";
import { profileOf } from "../../components/common/platform";
import { readImagesLock } from "../../stacks/images";
import { namespace as project } from "../../stacks/load";
import { projects } from "../../stacks/projects";
import type { DaemonSet, Event, Node, Pod, Quota, ReplicaSet } from "../kube/objects";
import { paths, replicasOf } from "../kube/paths";
import { targetOf } from "../settings";
import type { Client, Result, Run } from "../types";
import type { StackFile } from "../stack/file";
import { causesOf } from "./causes";
import { inventory, type GpuNode, type Inventory } from "./inventory";
import { isGpu, podRequests } from "./requests";

/** @returns exit code 1 where there are problems */
export async function troubleshootGpu(run: Run): Promise<Result> {
  const client = run.client();
  const all = await inventory(client);
  const { namespace } = run.settings;
  const own = [
    section("gpu-nodes", "GPU nodes", nodeFindings(all)),
    section("device-plugin", "device plugin", await operatorFindings(client, all)),
    section("sharing", "sharing", sharingFindings(run, all)),
    section("pending", "pods without a node", await pendingFindings(client, all)),
    ...(namespace === undefined ? [] : [section("quota", "quota", await quotaFindings(client, namespace))]),
  ];
  // What the doctor knows of GPUs, where there is a configuration to compare with.
  const doctors = await doctorFindings(run);
  const results = [...own, ...doctors.results];
  const findings = results.flatMap(({ findings: some }) => some);
  const count = (status: Finding["status"]) => findings.filter((one) => one.status === status).length;
  const report: Report = { results, counts: { ok: count("ok"), warning: count("warning"), problem: count("problem"), skipped: count("skipped") } };
  return { data: { counts: report.counts, checks: results }, text: reportText(report), exitCode: report.counts.problem > 0 ? 1 : 0 };
}

function section(id: string, title: string, findings: readonly Finding[]): Report["results"][number] {
  const order = ["problem", "warning", "ok", "skipped"] as const;
  return { id, title, status: order.find((status) => findings.some((one) => one.status === status)) ?? "skipped", findings };
}

async function doctorFindings(run: Run): Promise<Report> {
  const { file } = run.settings;
  if (!file) return { results: [], counts: { ok: 0, warning: 0, problem: 0, skipped: 0 } };
  const checks: readonly Check[] = [gpuCheck, nodeSelectors];
  return runChecks(run.deps.connectDoctor(targetOf(run.settings)), wanted(file, run), checks);
}

function wanted({ stack, config }: StackFile, { deps }: Run): Wanted {
  const profile = profileOf(config.platform);
  return { stack, config, profile, owner: ownerOf(project, stack), projects: projects(config), images: readImagesLock(), machine: deps.machine };
}

export function nodeFindings({ gpuNodes }: Inventory): readonly Finding[] {
  if (gpuNodes.length === 0) {
    return [
      problem(
        "no node has GPUs",
        "nodes that show an nvidia.com resource",
        "add GPU nodes, and install NVIDIA's GPU operator, which labels them and runs the device plugin",
      ),
    ];
  }
  return gpuNodes.map((node): Finding => {
    const text = node.gpus.map(({ resource, requested, allocatable }) => `${requested} of ${allocatable} ${resource} requested`).join(", ");
    const name = `${node.name}${node.class === undefined ? "" : ` (${node.class})`}`;
    if (!node.ready)
      return problem(`${name}: not ready`, "a node that is ready", `kubectl describe node ${node.name} says why; its pods move to others where there is room`);
    if (node.gpus.every(({ allocatable }) => allocatable === 0)) {
      return problem(
        `${name}: labelled as having GPUs, and shows none`,
        "an nvidia.com resource above 0",
        "see that the driver and the device plugin run there: their pods' logs; a GPU that fell off the bus needs a reboot",
      );
    }
    const lost = node.gpus.filter(({ capacity, allocatable }) => allocatable < capacity);
    if (lost.length > 0)
      return warning(
        `${name}: ${lost.map(({ resource, capacity, allocatable }) => `${allocatable} of ${capacity} ${resource} usable`).join(", ")}`,
        "all of them",
        "the device plugin calls the others unhealthy (an Xid error): its log names them",
      );
    if (!node.schedulable) return warning(`${name}: cordoned; ${text}`, "a node that takes pods", `kubectl uncordon ${node.name}`);
    return ok(`${name}: ${text}`);
  });
}

/** Pods of NVIDIA's operator, wherever it was installed. */
export async function operatorFindings(client: Client, { gpuNodes }: Inventory): Promise<readonly Finding[]> {
  const sets = await client.list<DaemonSet>("/apis/apps/v1/daemonsets");
  const ours = sets.filter(({ metadata }) => /nvidia|gpu-feature|dcgm|mig-manager/.test(metadata.name));
  const plugins = ours.filter(({ metadata }) => metadata.name.includes("device-plugin"));
  if (plugins.length === 0) {
    const shown = gpuNodes.some(({ gpus }) => gpus.some(({ allocatable }) => allocatable > 0));
    if (shown) return [skipped("no DaemonSet of a device plugin is seen, and nodes show GPUs: they are brought another way")];
    return [
      problem("no device plugin runs", "a DaemonSet of NVIDIA's device plugin", "install NVIDIA's GPU operator, or the device plugin alone (docs/gpu.md)"),
    ];
  }
  return ours.map(({ metadata, status: { desiredNumberScheduled: wanted = 0, numberReady: ready = 0 } = {} }): Finding => {
    const text = `${metadata.namespace ?? ""}/${metadata.name}: ${ready} of ${wanted} ready`;
    if (wanted === 0 && metadata.name.includes("device-plugin"))
      return warning(text, "one on each GPU node", "no node has the labels that it selects: see that node feature discovery runs");
    return ready >= wanted
      ? ok(text)
      : problem(text, "all ready", `kubectl -n ${metadata.namespace ?? ""} describe daemonset ${metadata.name}, and the logs of its pods`);
  });
}

export function sharingFindings({ settings: { file } }: Pick<Run, "settings">, { gpuNodes }: Inventory): readonly Finding[] {
  if (!file) return [skipped("no stack is named, so there is nothing to compare with")];
  const { config } = file;
  const named = gpuResources(config);
  const findings = gpuClasses(config).flatMap((name): Finding[] => {
    const nodes = gpuNodes.filter((node) => node.class === name);
    if (nodes.length === 0)
      return [
        problem(
          `class ${name}: no node has the label ${classLabel}=${name}`,
          "a node of each class",
          `cluster.nodeLabels with group, or kubectl label node NODE ${classLabel}=${name}`,
        ),
      ];
    return groupsOf(name, config).map(({ gpu }) => sharedAs(name, gpu?.sharing.kind ?? "whole", nodes));
  });
  const foreign = gpuNodes.flatMap((node) =>
    node.gpus.filter(({ resource, allocatable }) => allocatable > 0 && !named.includes(resource)).map(({ resource }) => `${node.name} (${resource})`),
  );
  if (foreign.length > 0)
    findings.push(
      warning(
        `counted under a name that no pool requests: ${foreign.join(", ")}`,
        `one of ${named.join(", ")}`,
        "describe these GPUs in cluster.nodes[].gpu, or change how they are shared",
      ),
    );
  const further = Object.keys(furtherGpus(config));
  return findings.length > 0 ? findings : [ok(`as configured: ${[config.cluster.gpuResource, ...further].join(", ")}`)];
}

function sharedAs(name: string, kind: "whole" | "timeSlicing" | "mig", nodes: readonly GpuNode[]): Finding {
  const expected = { whole: /^whole$/, timeSlicing: /×/, mig: /^mig/ }[kind];
  const others = nodes.filter(({ sharing }) => !expected.test(sharing));
  if (others.length === 0) return ok(`class ${name}: ${kind} on ${nodes.length} nodes`);
  const found = others.map((node) => `${node.name} is ${node.sharing}`).join(", ");
  return problem(
    `class ${name} is configured as ${kind}, and ${found}`,
    "nodes that share their GPUs as configured",
    "docs/gpu.md says what the operator reads; correct gpu.sharing, or the node's labels, and wait for the device plugin to restart",
  );
}

export async function pendingFindings(client: Client, { pods, nodes }: Inventory): Promise<readonly Finding[]> {
  const waiting = pods.filter(({ spec, status }) => status.phase === "Pending" && spec.nodeName === undefined && Object.keys(podRequests(spec)).some(isGpu));
  if (waiting.length === 0) return [ok("none")];
  const events = await client.list<Event>("/api/v1/events?fieldSelector=reason%3DFailedScheduling");
  return waiting.flatMap((pod) => pendingFinding(pod, nodes, pods, events));
}

function pendingFinding(pod: Pod, nodes: readonly Node[], pods: readonly Pod[], events: readonly Event[]): readonly Finding[] {
  const { namespace = "", name } = pod.metadata;
  const said = events.filter(({ involvedObject: about }) => about?.name === name && about.namespace === namespace).at(-1)?.message;
  const condition = pod.status.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False")?.message;
  const words = said ?? condition;
  return causesOf(pod, nodes, pods).map(({ found, fix }) =>
    problem(`${namespace}/${name}: ${found}${words === undefined ? "" : ` (scheduler: ${words})`}`, "a node for it", fix),
  );
}

/** Pods that a quota kept from being made at all: they are no pods, so only their ReplicaSets know. */
export async function quotaFindings(client: Client, namespace: string): Promise<readonly Finding[]> {
  const [sets, quotas] = await Promise.all([client.list<ReplicaSet>(paths.replicaSets(namespace, replicasOf())), client.list<Quota>(paths.quotas(namespace))]);
  const refusals = sets.flatMap(({ metadata, status }) =>
    (status?.conditions ?? [])
      .filter(({ type, status: is }) => type === "ReplicaFailure" && is === "True")
      .map(({ message = "" }) => `${metadata.name}: ${message}`),
  );
  const counted = quotas.flatMap(({ metadata, status }) =>
    Object.entries(status?.hard ?? {}).flatMap(([resource, hard]) =>
      isGpu(resource.replace(/^requests\./, "")) ? [{ quota: metadata.name, resource, hard: amountOf(hard), used: amountOf(status?.used?.[resource]) }] : [],
    ),
  );
  const wrong = counted.filter(({ resource }) => resource.startsWith("limits."));
  return [
    ...refusals.map((text) =>
      problem(
        `${namespace}: refused ${text}`,
        "room in the quota",
        "lower replicas, scale.max or previewReplicas of a pool, or raise quota in the configuration; then pulumi up",
      ),
    ),
    ...wrong.map(({ quota, resource }) =>
      warning(
        `${namespace}/${quota}: ${resource}`,
        "GPUs counted by requests.",
        `a quota counts extended resources by requests. only: ${resource.replace("limits.", "requests.")}`,
      ),
    ),
    ...counted
      .filter(({ resource }) => resource.startsWith("requests."))
      .map(({ quota, resource, hard, used }) => ok(`${namespace}/${quota}: ${used} of ${hard} ${resource}`)),
  ];
}
