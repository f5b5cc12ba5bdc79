/** Pod templates among recorded resources, and the rules of the restricted Pod Security Standard (https://kubernetes.io/docs/concepts/security/pod-security-standards). */
import type { Deployed } from "./mocks";

interface SecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly fsGroup?: number;
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly seccompProfile?: { readonly type: string };
}
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly restartPolicy?: string;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly resources?: { readonly requests?: Readonly<Record<string, string>>; readonly limits?: Readonly<Record<string, string>> };
  readonly securityContext?: SecurityContext;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort?: number; readonly hostPort?: number }[];
  readonly startupProbe?: unknown;
  readonly readinessProbe?: unknown;
  readonly livenessProbe?: unknown;
  readonly lifecycle?: { readonly preStop?: unknown };
}
export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly initContainers?: readonly Container[];
    readonly containers: readonly Container[];
    readonly securityContext?: SecurityContext;
    readonly serviceAccountName?: string;
    readonly automountServiceAccountToken?: boolean;
    readonly enableServiceLinks?: boolean;
    readonly priorityClassName?: string;
    readonly imagePullSecrets?: readonly { readonly name: string }[];
    readonly volumes?: readonly Readonly<Record<string, unknown>>[];
    readonly hostNetwork?: boolean;
    readonly hostPID?: boolean;
    readonly hostIPC?: boolean;
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly unknown[];
    readonly topologySpreadConstraints?: readonly { readonly topologyKey: string; readonly whenUnsatisfiable: string }[];
    readonly terminationGracePeriodSeconds?: number;
    readonly restartPolicy?: string;
  };
}

const volumeTypes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"];

/** Pod templates by "kind name" of the object that they belong to. */
export function podTemplates({ resources }: Deployed): readonly (readonly [owner: string, template: PodTemplate])[] {
  return resources.flatMap(({ type, name, inputs }) => {
    const { template } = (inputs.spec ?? {}) as { template?: PodTemplate };
    return template ? [[`${type.slice(type.lastIndexOf(":") + 1)} ${name}`, template] as const] : [];
  });
}

export function containersOf({ spec }: PodTemplate): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** What the restricted standard would refuse, and what this project asks for beyond it. */
export function violations(template: PodTemplate): readonly string[] {
  const { spec } = template;
  const found: string[] = [];
  const require = (condition: boolean, what: string) => void (condition || found.push(what));
  require(!spec.hostNetwork && !spec.hostPID && !spec.hostIPC, "shares a namespace of the host");
  require(spec.securityContext?.runAsNonRoot === true, "may run as root");
  require(spec.securityContext?.runAsUser !== 0, "runs as root");
  require(spec.securityContext?.seccompProfile?.type === "RuntimeDefault", "has no seccomp profile");
  require(spec.automountServiceAccountToken === false, "gets a token");
  require(spec.serviceAccountName !== undefined && spec.serviceAccountName !== "default", "runs under the default service account");
  require(["ai-serving", "ai-interactive", "ai-batch"].includes(spec.priorityClassName ?? ""), "has no priority of the platform");
  require(spec.enableServiceLinks === false, "gets variables of other Services");
  for (const { name, ...source } of spec.volumes ?? []) {
    require(Object.keys(source).every((type) => volumeTypes.includes(type)), `volume ${String(name)} is of a type that is not allowed`);
  }
  for (const { name, securityContext: security, resources, image, ports = [] } of containersOf(template)) {
    require(security?.privileged !== true, `${name} is privileged`);
    require(security?.allowPrivilegeEscalation === false, `${name} may escalate`);
    require(security?.readOnlyRootFilesystem === true, `${name} can write its root`);
    require(security?.capabilities?.drop?.includes("ALL") === true && !security.capabilities.add, `${name} keeps capabilities`);
    require(security?.runAsUser === undefined, `${name} has a user of its own`);
    for (const what of ["cpu", "memory", "ephemeral-storage"]) {
      require(Boolean(resources?.requests?.[what] && resources.limits?.[what]), `${name} has no request or limit for ${what}`);
    }
    require(/:[^/]+$/.test(image) && !image.includes(":latest"), `${name} has no tag`);
    require(ports.every(({ hostPort }) => hostPort === undefined), `${name} takes a port of the host`);
  }
  const mounted = containersOf(template).flatMap(({ volumeMounts = [] }) => volumeMounts.map((mount) => mount.name));
  const defined = (spec.volumes ?? []).map(({ name }) => String(name));
  require(mounted.every((name) => defined.includes(name)), "mounts a volume that it does not have");
  require(defined.every((name) => mounted.includes(name)), "has a volume that nobody mounts");
  return found;
}
