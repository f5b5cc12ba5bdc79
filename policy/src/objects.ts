/** Kubernetes objects as policies see them, whatever they come from: Pulumi's resources, YAML, an admission review. */
import { isFields, UNKNOWN, View, type Fields, type Trace, type Value } from "./values";

export interface Source {
  /** URN of the Pulumi resource, or `file#n` of a manifest: tells one object from all others. */
  readonly id: string;
  /** Options of the Pulumi resource, where there is one. */
  readonly options?: { readonly protect: boolean; readonly retainOnDelete?: boolean };
  /** Paths of values that the program marks as secret: they are never shown. */
  readonly secrets?: readonly string[];
  /** A patch: what it leaves out is not absent, only not said. */
  readonly partial?: boolean;
}

/** One object. Names are "" where they are absent, malformed or known only after `up`. */
export class KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** API group, "" for the core one. */
  readonly group: string;
  readonly name: string;
  readonly namespace: string;

  constructor(
    readonly value: Fields,
    readonly source: Source,
  ) {
    this.apiVersion = text(value.apiVersion);
    this.kind = text(value.kind);
    this.group = this.apiVersion.includes("/") ? (this.apiVersion.split("/")[0] ?? "") : "";
    const metadata = isFields(value.metadata) ? value.metadata : {};
    this.name = text(metadata.name);
    this.namespace = text(metadata.namespace);
  }

  /** `Kind namespace/name`, as reports and exemptions name it. */
  get title(): string {
    const name = this.name || "(name known only after up)";
    return `${this.kind} ${this.namespace ? `${this.namespace}/` : ""}${name}`;
  }

  /** The whole object. @param trace filled with what is read */
  view(trace?: Trace): View {
    return new View(this.value, "", trace);
  }

  /** `Deployment`, or `apps/Deployment` to tell groups apart. */
  is(...kinds: readonly string[]): boolean {
    return kinds.some((kind) => kind === this.kind || kind === `${this.group}/${this.kind}`);
  }
}

/** An object from plain data, or undefined where it is none: no `kind`, or a file for kustomize, which no cluster gets. */
export function kubeObject(value: Value, source: Source): KubeObject | undefined {
  if (!isFields(value) || typeof value.kind !== "string" || typeof value.apiVersion !== "string") return undefined;
  return value.apiVersion.startsWith("kustomize.config.k8s.io/") ? undefined : new KubeObject(value, source);
}

function text(value: Value): string {
  return typeof value === "string" && (value as unknown) !== UNKNOWN ? value : "";
}
