/** The parts of Kubernetes objects that checks read. */
import { ownerLabel } from "../../components/common/labels";

export interface Meta {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
}

export interface Node {
  readonly metadata: Meta;
  readonly spec: { readonly unschedulable?: boolean; readonly taints?: readonly Taint[] };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly nodeInfo?: { readonly containerRuntimeVersion: string; readonly kubeletVersion: string };
  };
}

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

export interface StorageClass {
  readonly metadata: Meta;
  readonly provisioner: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Whether a node, or anything with conditions, is ready. */
export function isReady(node: Node): boolean {
  return node.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** Whether labels hold all of a selector. */
export function matches(labels: Readonly<Record<string, string>> | undefined, selector: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([key, value]) => labels?.[key] === value);
}

/** Which stack made it; undefined: none that says so. */
export function ownerOfObject({ metadata }: { readonly metadata: Meta }): string | undefined {
  return metadata.labels?.[ownerLabel];
}

/** `a, b, c and 4 more` */
export function listOf(names: readonly string[], most = 6): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}

/** Resources of an API group version as it is served; undefined: it is not. */
export interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string }[];
}

const powers: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A quantity in cores, bytes or pieces; 0 for none. */
export function amountOf(quantity: string | undefined): number {
  const match = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(quantity ?? "0");
  return match ? Number(match[1]) * (powers[match[2] ?? ""] ?? 1) : 0;
}

/** `12.5 Gi` */
export function gibibytes(bytes: number): string {
  return `${Math.round((bytes / 2 ** 30) * 10) / 10}Gi`;
}
