/**
 * What an embedded cluster gets on demand (`make up ADDONS=monitoring`): controllers that a site's cluster has or has not. A cluster remembers its own; each
 * start applies them again. On simulated nodes nothing runs, so there an add-on is its kinds alone.
 */
import { ensureImages, readImagesLock } from "../../../images/ensure";
import { reference } from "../../../images/lock";
import { step } from "../../lib/progress";
import type { KubeObject } from "../api";
import type { Cluster, Flavor } from "../types";
import { installAutoscaling } from "./autoscaling";
import { applyKinds, withApi } from "./install";
import { installMonitoring, monitoringKinds, podMonitor } from "./monitoring";
import { installRollouts, rolloutKinds } from "./rollouts";

export const addonNames = ["autoscaling", "monitoring", "rollouts"] as const;
export type AddonName = (typeof addonNames)[number];

/** Reference of an image by its name in images.lock. */
export type Images = (name: string) => string;

export interface OptionalAddon {
  /** What it is, for people. */
  readonly title: string;
  /** Add-ons that come along. */
  readonly needs?: readonly AddonName[];
  /** The kinds that it serves; applied before `install`. */
  readonly kinds: () => Promise<readonly KubeObject[]>;
  /** Images by their names in images.lock; in the cluster before `install`. */
  readonly images: readonly string[];
  /** Applies its objects and waits until they work; the same whether they are there or not. Real clusters only. */
  readonly install: (cluster: Cluster, images: Images) => Promise<void>;
  /** What Prometheus reads of it, where the cluster has the add-on monitoring too. @default nothing */
  readonly monitors?: readonly KubeObject[];
  /** What it adds to `cluster.capabilities` of the stacks on such a cluster. */
  readonly capabilities: (flavor: Flavor) => Readonly<Record<string, boolean | string>>;
}

const addons: Readonly<Record<AddonName, OptionalAddon>> = {
  autoscaling: {
    title: "prometheus-adapter",
    needs: ["monitoring"],
    // external.metrics.k8s.io is no kind: an API server of its own serves it.
    kinds: () => Promise.resolve([]),
    images: ["prometheus-adapter"],
    install: installAutoscaling,
    // On simulated nodes nobody serves it, and an autoscaler that misses a metric takes no pod away.
    capabilities: (flavor) => ({ customMetrics: flavor === "real" ? "prometheus-adapter" : "none" }),
  },
  monitoring: {
    title: "Prometheus and its operator",
    kinds: monitoringKinds,
    images: ["prometheus", "prometheus-operator", "prometheus-config-reloader"],
    install: installMonitoring,
    capabilities: () => ({ monitoring: true }),
  },
  rollouts: {
    title: "Argo Rollouts",
    kinds: rolloutKinds,
    images: ["argo-rollouts"],
    install: installRollouts,
    monitors: [podMonitor("argo-rollouts", "argo-rollouts", "metrics")],
    // On simulated nodes no controller runs, and nothing would take the pods from the Deployment.
    capabilities: (flavor) => ({ argoRollouts: flavor === "real" }),
  },
};

export function isAddon(name: string): name is AddonName {
  return addonNames.some((known) => known === name);
}

/** The named add-ons with all that they need, each once, what is needed first. */
export function withNeeds(names: readonly AddonName[], needs = (name: AddonName) => addons[name].needs ?? []): readonly AddonName[] {
  return [...new Set(names.flatMap((name) => [...withNeeds(needs(name), needs), name]))];
}

/** For help and errors: `monitoring (Prometheus and its operator)`. */
export function describeAddons(): string {
  return addonNames.map((name) => `${name} (${addons[name].title})`).join(", ");
}

/** Names in images.lock of an add-on's images. */
export function addonImages(name: AddonName): readonly string[] {
  return addons[name].images;
}

/** What stacks on a cluster with these add-ons may use. */
export function addonCapabilities(names: readonly AddonName[], flavor: Flavor): Readonly<Record<string, boolean | string>> {
  return Object.fromEntries(names.flatMap((name) => Object.entries(addons[name].capabilities(flavor))));
}

/** Installs add-ons in a cluster that runs. @throws UserError when one does not come up */
export async function installAddons(cluster: Cluster, names: readonly AddonName[]): Promise<void> {
  for (const name of names) {
    const { title, kinds, images, install } = addons[name];
    const real = cluster.flavor === "real";
    if (real) await ensureImages(images, cluster);
    await step(`add-on ${name}: ${title}${real ? "" : ", its kinds only"}`, async () => {
      await withApi(cluster, async (api) => applyKinds(api, await kinds()));
      if (real) await install(cluster, imageReference);
    });
  }
  const monitors = names.includes("monitoring") ? names.flatMap((name) => addons[name].monitors ?? []) : [];
  if (monitors.length > 0) await withApi(cluster, (api) => api.apply(monitors));
}

function imageReference(name: string): string {
  const entry = readImagesLock()[name];
  if (!entry) throw new Error(`no image ${name} in images/images.lock`);
  return reference(entry);
}
