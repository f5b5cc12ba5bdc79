/**
 * What the platform's own configuration (`openshift-ai-platform:…`) says that policies need: it need not be said twice. Reads what it finds and passes over the rest:
 * the platform checks its configuration itself.
 */
import { quantity } from "./quantity";
import type { Settings } from "./settings";
import { isFields, type Fields, type Value } from "./values";

const names: Readonly<Record<string, Settings["environment"]>> = { development: "dev", staging: "staging", production: "production" };

/** @param config by key, without the prefix */
export function settingsOfPlatform(config: Fields): Partial<Settings> {
  const environment = typeof config.environment === "string" ? names[config.environment] : undefined;
  const mirror = fields(config.registry).mirror;
  const licences = fields(config.serving).licences;
  const platform = config.platform;
  return {
    ...(environment === undefined ? {} : { environment }),
    ...(platform === "openshift" || platform === "kubernetes" ? { platform } : {}),
    // Images that are made for a cluster keep their names, all others come from the mirror.
    ...(typeof mirror === "string" ? { registries: [mirror, "localhost/openshift-ai-platform"] } : {}),
    ...(Array.isArray(licences) ? { licences: licences.filter((one) => typeof one === "string") } : {}),
    ...gpus(fields(config.cluster)),
  };
}

/** How many GPUs the declared machines have, by the resource that NVIDIA's device plugin counts them under, and how these are shared. */
function gpus(cluster: Fields): Partial<Settings> {
  const nodes = (Array.isArray(cluster.nodes) ? (cluster.nodes as readonly Value[]) : []).map(fields).filter(({ gpus: count }) => number(count) > 0);
  if (nodes.length === 0) return {};
  const nodeGpus: Record<string, number> = {};
  const gpuSharing: Record<string, "whole" | "timeSlicing" | "mig"> = {};
  for (const { count, gpus: each, gpu } of nodes) {
    const sharing = fields(fields(gpu).sharing);
    const kind = sharing.kind === "timeSlicing" || sharing.kind === "mig" ? sharing.kind : "whole";
    const resource = gpu === undefined ? (text(cluster.gpuResource) ?? "nvidia.com/gpu") : resourceOf(kind, sharing);
    nodeGpus[resource] = (nodeGpus[resource] ?? 0) + (number(count) || 1) * number(each) * partsOf(kind, sharing, fields(gpu).memory);
    // What machines say of their own prevails; without a kind it is a whole GPU under that name, unless the name tells another.
    gpuSharing[resource] = gpu === undefined ? sharingOf(resource) : kind;
  }
  return { nodeGpus, gpuSharing };
}

function resourceOf(kind: Settings["gpuSharing"][string], { strategy, profile }: Fields): string {
  if (kind === "timeSlicing") return "nvidia.com/gpu.shared";
  return kind === "mig" && strategy !== "single" ? `nvidia.com/mig-${text(profile) ?? ""}` : "nvidia.com/gpu";
}

function sharingOf(resource: string): Settings["gpuSharing"][string] {
  if (resource.endsWith(".shared")) return "timeSlicing";
  return resource.startsWith("nvidia.com/mig-") ? "mig" : "whole";
}

/** How many requests a GPU serves: instances of MIG by compute slices and by memory, as their names tell both. */
export function partsOf(kind: Settings["gpuSharing"][string], { replicas, profile }: Fields, memory: Value): number {
  if (kind === "timeSlicing") return number(replicas) || 1;
  const named = kind === "mig" ? /^(\d)g\.(\d+)gb$/.exec(text(profile) ?? "") : null;
  if (named === null) return 1;
  const [, slices, gigabytes] = named.map(Number);
  const bytes = quantity(text(memory) ?? "") ?? Infinity;
  return Math.max(1, Math.min(Math.floor(7 / (slices ?? 7)), Math.round(bytes / (gigabytes ?? 1) / 1e9)));
}

function fields(value: Value): Fields {
  return isFields(value) ? value : {};
}

function number(value: Value): number {
  return typeof value === "number" ? value : 0;
}

function text(value: Value): string | undefined {
  return typeof value === "string" ? value : undefined;
}
