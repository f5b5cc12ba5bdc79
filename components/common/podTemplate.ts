/**
 * The pods of the platform, safe unless said otherwise: the restricted level of the Pod Security Standards, a root file system that can't be written
 * but for named paths, no service account token, no variables of other Services, probes, requests and limits; with the site's pull secret, proxy and
 * authorities. Pure.
 */
import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { priorities } from "../../stacks/priorities";
import type { Site, StackContext } from "./context";
import { labelsOf, selectorOf, type Part } from "./labels";
import { siteEnv, siteMounts, siteVolumes } from "./site";

export type PodTemplateSpec = types.input.core.v1.PodTemplateSpec;
export type Volume = types.input.core.v1.Volume;
export type VolumeMount = types.input.core.v1.VolumeMount;
export type Probe = types.input.core.v1.Probe;

export interface Resources {
  readonly requests: { readonly cpu: string; readonly memory: string } & Readonly<Record<string, string>>;
  readonly limits: { readonly cpu: string; readonly memory: string } & Readonly<Record<string, string>>;
}

/** For a container that only prepares something: copies a file, waits for a port. */
export const smallContainer: Resources = {
  requests: { cpu: "10m", memory: "32Mi", "ephemeral-storage": "16Mi" },
  limits: { cpu: "200m", memory: "64Mi", "ephemeral-storage": "64Mi" },
};

export type PriorityClass = keyof typeof priorities;

export interface ContainerArgs {
  readonly name: string;
  /** Reference with a tag or a digest. */
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  /** Values that are no secrets. */
  readonly env?: Readonly<Record<string, pulumi.Input<string>>>;
  readonly resources: Resources;
  /** GPUs, requested and limited alike. @default 0 */
  readonly gpus?: number;
  /** The resource by which they are requested. @default the site's */
  readonly gpuResource?: string;
  /** Paths that can be written, each an own emptyDir that lives as long as the pod, with its size. */
  readonly writable?: Readonly<Record<string, string>>;
  readonly mounts?: readonly VolumeMount[];
  readonly ports?: Readonly<Record<string, number>>;
  /** Long-running containers have all three; what runs to its end has none. */
  readonly probes?: { readonly startup: Probe; readonly readiness: Probe; readonly liveness: Probe };
  /** Before the container is told to stop: seconds to wait while the pod leaves its Services, or a command that returns when it may stop. */
  readonly preStop?: { readonly seconds: number } | { readonly command: readonly string[] };
}

export interface PodTemplateArgs {
  readonly part: Part;
  readonly priorityClassName: PriorityClass;
  readonly container: ContainerArgs;
  /** Run before it, one after another. */
  readonly initContainers?: readonly ContainerArgs[];
  /**
   * Run beside it, from when the init containers have ended and their own start-up probe succeeds until it has stopped: init containers that restart, which
   * Kubernetes stops last.
   */
  readonly sidecars?: readonly ContainerArgs[];
  readonly volumes?: readonly Volume[];
  readonly serviceAccountName: string;
  /** Gives the pod a token of its service account. @default false */
  readonly token?: boolean;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Spreads the pods over zones and nodes. @default false */
  readonly spread?: boolean;
  readonly restartPolicy?: "Always" | "Never";
  /** Seconds that the pod may take to stop, from the first `preStop` to the last process. @default 30, by the API server */
  readonly stopSeconds?: number;
  /** Name → content of what the pod reads at its start and does not notice a change of; a change of it makes new pods. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** Key of the taint that keeps other pods off nodes with GPUs, whatever resource these are counted under. */
const gpuTaint = "nvidia.com/gpu";

export function podTemplate({ profile, owner, site }: StackContext, args: PodTemplateArgs): PodTemplateSpec {
  const { container, initContainers = [], sidecars = [], part } = args;
  const all = [...initContainers, ...sidecars, container];
  const before = [...initContainers.map((one) => containerOf(one, site)), ...sidecars.map((one) => ({ ...containerOf(one, site), restartPolicy: "Always" }))];
  const authorities = site.trustedCAVersion === undefined ? {} : { "trusted-ca": site.trustedCAVersion };
  const versions = Object.entries({ ...authorities, ...args.versions }).map(([name, version]) => [`openshift-ai-platform/${name}-version`, version]);
  return {
    metadata: { labels: labelsOf(owner, part), annotations: { ...profile.podAnnotations, ...(Object.fromEntries(versions) as Record<string, string>) } },
    spec: {
      serviceAccountName: args.serviceAccountName,
      priorityClassName: args.priorityClassName,
      ...(site.pullSecret === undefined ? {} : { imagePullSecrets: [{ name: site.pullSecret }] }),
      automountServiceAccountToken: args.token ?? false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" }, ...profile.user },
      ...unlessEmpty("initContainers", before),
      containers: [containerOf(container, site)],
      ...unlessEmpty("volumes", [...(args.volumes ?? []), ...siteVolumes(site), ...writableVolumes(all)]),
      ...(args.nodeSelector && Object.keys(args.nodeSelector).length > 0 ? { nodeSelector: args.nodeSelector } : {}),
      ...(all.some(({ gpus }) => gpus) ? { tolerations: [{ key: gpuTaint, operator: "Exists", effect: "NoSchedule" }] } : {}),
      ...(args.spread ? { topologySpreadConstraints: spreadOf(part) } : {}),
      ...(args.stopSeconds === undefined ? {} : { terminationGracePeriodSeconds: args.stopSeconds }),
      restartPolicy: args.restartPolicy ?? "Always",
    },
  };
}

function containerOf(args: ContainerArgs, site: Site): types.input.core.v1.Container {
  const gpus: Record<string, string> = args.gpus ? { [args.gpuResource ?? site.gpuResource]: String(args.gpus) } : {};
  // The upstream image asks for all GPUs, which an old container runtime hands to a pod that requested none. With a request, the device plugin sets it.
  const env = { ...siteEnv(site), ...args.env, ...(args.gpus ? {} : { NVIDIA_VISIBLE_DEVICES: "void" }) };
  return {
    name: args.name,
    image: args.image,
    imagePullPolicy: "IfNotPresent",
    ...(args.command ? { command: [...args.command] } : {}),
    ...(args.args ? { args: [...args.args] } : {}),
    ...unlessEmpty(
      "env",
      Object.entries(env).map(([name, value]) => ({ name, value })),
    ),
    resources: { requests: { ...args.resources.requests, ...gpus }, limits: { ...args.resources.limits, ...gpus } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
    ...unlessEmpty("volumeMounts", [
      ...(args.mounts ?? []),
      ...siteMounts(site),
      ...Object.keys(args.writable ?? {}).map((path) => ({ name: volumeName(args.name, path), mountPath: path })),
    ]),
    ...(args.ports ? { ports: Object.entries(args.ports).map(([name, containerPort]) => ({ name, containerPort, protocol: "TCP" })) } : {}),
    ...(args.probes ? { startupProbe: args.probes.startup, readinessProbe: args.probes.readiness, livenessProbe: args.probes.liveness } : {}),
    ...(args.preStop ? { lifecycle: { preStop: preStopOf(args.preStop) } } : {}),
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}

function preStopOf(preStop: NonNullable<ContainerArgs["preStop"]>): types.input.core.v1.LifecycleHandler {
  return "seconds" in preStop ? { sleep: { seconds: preStop.seconds } } : { exec: { command: [...preStop.command] } };
}

/** The API server does not keep an empty list, so a refresh would find one gone. */
function unlessEmpty<K extends string, T>(field: K, list: T[]): { [field in K]?: T[] } {
  return list.length > 0 ? ({ [field]: list } as { [field in K]: T[] }) : {};
}

function writableVolumes(containers: readonly ContainerArgs[]): Volume[] {
  return containers.flatMap(({ name, writable = {} }) =>
    Object.entries(writable).map(([path, size]) => ({ name: volumeName(name, path), emptyDir: { sizeLimit: size } })),
  );
}

/** `server`, `/home/ollama` → `server-home-ollama` */
function volumeName(container: string, path: string): string {
  return `${container}${path.replace(/[^a-z0-9]+/gi, "-").toLowerCase()}`;
}

/** Where there is a choice; a pod that finds none runs all the same. */
function spreadOf(part: Part): types.input.core.v1.TopologySpreadConstraint[] {
  const labelSelector = { matchLabels: selectorOf(part) };
  return ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector,
  }));
}
