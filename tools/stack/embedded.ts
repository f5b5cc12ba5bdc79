/** What of a stack's tracked configuration is different on an embedded cluster. Pure. */
import { modelClass } from "../../stacks/storage";
import type { Flavor, Platform } from "../cluster";

/** The configuration of a stack without the project's prefix, as YAML gives it. */
export type Configuration = Readonly<Record<string, unknown>>;

export interface EmbeddedSite {
  readonly flavor: Flavor;
  readonly platform: Platform;
  readonly context: string;
  readonly kubeconfig: string;
  /** As CIDRs. */
  readonly apiServerAddresses: readonly string[];
  /** The cluster's own lock; undefined: it has none. */
  readonly imagesLock: string | undefined;
  /** Name of the real node, and the folder on it that shared volumes are folders of. */
  readonly share: { readonly node: string; readonly path: string };
  /** Whether the cluster is another stack's, which manages it. */
  readonly guest: boolean;
  /** What its optional add-ons bring. */
  readonly capabilities: Readonly<Record<string, boolean | string>>;
}

/**
 * The way to the cluster, and what it offers. Secrets are left out: they are encrypted with a passphrase of another state.
 * On simulated nodes the sizes of the file stay, since nothing is behind them; in real containers all of it is small.
 */
export function embeddedConfiguration(tracked: Configuration, site: EmbeddedSite): Configuration {
  const kept = without(tracked, "registry", "registryCredentials", "images");
  const cluster = {
    ...record(tracked.cluster),
    context: site.context,
    kubeconfig: site.kubeconfig,
    kubectl: "kubectl",
    apiServerAddresses: site.apiServerAddresses,
    // A cluster of the stack's own has nobody else who would.
    manage: !site.guest,
    capabilities: {
      metrics: true,
      gatewayApi: true,
      volumeSnapshots: record(record(tracked.cluster).capabilities).volumeSnapshots === true,
      ...site.capabilities,
    },
    gpuResource: "nvidia.com/gpu",
    nodeLabels: [],
  };
  // Neither a proxy nor a firewall is there, and no Gateway but by name.
  const network = {
    ...without(record(tracked.network), "proxy", "noProxy", "allowedHosts", "exposure"),
    ...(site.platform === "kubernetes" ? { exposure: { gateway: { name: "public", namespace: "gateways" } } } : {}),
  };
  // Nor do the exporters of GPUs and of Jobs run: alerts on what they tell could not fire.
  const observability = { ...record(tracked.observability), gpuMetrics: false, jobMetrics: false };
  const common = { ...kept, platform: site.platform, cluster, secrets: { source: "generated" }, network, observability };
  return site.flavor === "simulated" ? simulated(common, site) : real(common, site);
}

function simulated(config: Configuration, { guest }: EmbeddedSite): Configuration {
  const storage = record(config.storage);
  const models = without(record(storage.models), "class");
  // Classes of the site are not here: those that the stack makes are, made by this one or by the one that manages the cluster, else the default one.
  const own = isExisting(storage.classes);
  const classes = guest || own ? { kind: "existing" } : storage.classes;
  return {
    ...config,
    storage: { ...storage, classes, models: { ...models, ...(guest && !own ? { class: modelClass } : {}) } },
    // Nothing is pulled, nothing answers.
    images: { requireDigests: false },
    smokeCheck: false,
  };
}

function real(config: Configuration, { imagesLock, share, guest, capabilities }: EmbeddedSite): Configuration {
  const storage = record(config.storage);
  const shared = record(storage.shared);
  const cluster = without(record(config.cluster), "nodes");
  return {
    ...config,
    cluster,
    sizing: "small",
    quota: {},
    // No server of the site's, and no name that anybody resolves.
    data: {},
    ...(config.gateway === undefined ? {} : { gateway: without(record(config.gateway), "host", "replicas") }),
    images: { ...(imagesLock === undefined ? {} : { lock: imagesLock }), requireDigests: false },
    storage: {
      classes: guest || isExisting(storage.classes) ? { kind: "existing" } : { kind: "local" },
      models: { accessMode: "ReadWriteOnce" },
      ...(storage.shared === undefined
        ? {}
        : {
            shared: {
              share: { kind: "local", path: share.path, nodeSelector: { "kubernetes.io/hostname": share.node } },
              volumes: list(shared.volumes).map((volume) => ({ ...record(volume), size: "1Gi" })),
            },
          }),
    },
    serving: { pools: list(record(config.serving).pools).map((pool) => small(record(pool), (capabilities.customMetrics ?? "none") !== "none")) },
  };
}

/** The schema's default is `existing`. */
function isExisting(classes: unknown): boolean {
  const { kind = "existing" } = record(classes);
  return kind === "existing";
}

/** One pod anywhere, with at most one GPU. Where requests are counted, a pool that is scaled has two when there are many. */
function small(pool: Configuration, counted: boolean): Configuration {
  return {
    ...without(pool, "scale", "previewReplicas", "nodeSelector", "gpuClass"),
    ...(counted && pool.scale !== undefined ? { scale: { ...record(pool.scale), min: 1, max: 2 } } : {}),
    replicas: 1,
    gpusPerReplica: pool.gpusPerReplica === 0 ? 0 : 1,
  };
}

/** Names of a configuration's shared volumes. */
export function sharedVolumesOf({ storage }: Configuration): readonly string[] {
  return list(record(record(storage).shared).volumes).map((volume) => String(record(volume).name));
}

function record(value: unknown): Configuration {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Configuration) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The configuration without some of its keys. */
export function without(config: Configuration, ...keys: readonly string[]): Configuration {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !keys.includes(key)));
}
