/** What of a stack's tracked configuration is different on an embedded cluster. Pure. */
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
}

/**
 * The way to the cluster, and what it offers. Secrets are left out: they are encrypted with a passphrase of another state.
 * On simulated nodes the sizes of the file stay, since nothing is behind them; in real containers all of it is small.
 */
export function embeddedConfiguration(tracked: Configuration, site: EmbeddedSite): Configuration {
  const { registry: _registry, registryCredentials: _credentials, images: _images, ...kept } = tracked;
  const cluster = {
    ...record(tracked.cluster),
    context: site.context,
    kubeconfig: site.kubeconfig,
    apiServerAddresses: site.apiServerAddresses,
    capabilities: { metrics: true, volumeSnapshots: record(record(tracked.cluster).capabilities).volumeSnapshots === true },
    nodeLabels: [],
    ...(site.guest ? { manage: false } : {}),
  };
  const common = { ...kept, platform: site.platform, cluster, network: withoutSite(record(tracked.network)) };
  return site.flavor === "simulated" ? simulated(common, site) : real(common, site);
}

function simulated(config: Configuration, { guest }: EmbeddedSite): Configuration {
  return {
    ...config,
    // A guest makes no classes; it takes those of the owner.
    ...(guest
      ? {
          storage: {
            ...record(config.storage),
            classes: { kind: "existing" },
            models: { class: "ai-model-storage", ...record(record(config.storage).models) },
          },
        }
      : {}),
    // Nothing is pulled, nothing answers.
    images: { requireDigests: false },
    smokeCheck: false,
  };
}

function real(config: Configuration, { imagesLock, share }: EmbeddedSite): Configuration {
  const storage = record(config.storage);
  const shared = record(storage.shared);
  const { nodes: _nodes, ...cluster } = record(config.cluster);
  return {
    ...config,
    cluster,
    sizing: "small",
    quota: {},
    images: { ...(imagesLock === undefined ? {} : { lock: imagesLock }), requireDigests: false },
    storage: {
      classes: record(storage.classes).kind === "existing" || storage.classes === undefined ? { kind: "existing" } : { kind: "local" },
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
    serving: { pools: list(record(config.serving).pools).map((pool) => small(record(pool))) },
  };
}

/** One pod anywhere. */
function small(pool: Configuration): Configuration {
  const { scale: _scale, previewReplicas: _preview, nodeSelector: _selector, ...kept } = pool;
  return { ...kept, replicas: 1 };
}

/** A proxy, a mirror and a firewall of the site are not there. */
function withoutSite(network: Configuration): Configuration {
  const { proxy: _proxy, noProxy: _noProxy, allowedAddresses: _addresses, allowedHosts: _hosts, ...kept } = network;
  return kept;
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
