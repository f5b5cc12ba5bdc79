/** What every component of a stack knows. */
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf, type Part } from "./labels";
import type { PlatformProfile } from "./platform";

export interface StackContext {
  readonly profile: PlatformProfile;
  /** Value of the owner label. */
  readonly owner: string;
  /** What the site puts into every pod. */
  readonly site: Site;
  /**
   * Options of objects that outlive the stack: a provider that takes over what it left, and retainOnDelete. Only for objects whose metadata is
   * `retainedMetadata`, without which the stack would not know its own objects again (docs/adr/0005).
   */
  readonly retained: pulumi.CustomResourceOptions;
}

/** What a site puts into every pod. */
export interface Site {
  /** The resource by which GPUs are requested and counted: `nvidia.com/gpu` */
  readonly gpuResource: string;
  /** Name of the Secret that images are pulled with, in each project. @default none */
  readonly pullSecret?: string;
  /** Forward proxy for all ways out, and the hosts, domains and CIDRs that are reached without it. @default none */
  readonly proxy?: { readonly url: string; readonly noProxy: readonly string[] };
  /** Whether each project has the ConfigMap `trusted-ca`, key `ca.crt`, with certificates of the site's authorities in PEM. */
  readonly trustedCA: boolean;
  /** Changes when those certificates do, so that pods that read them at their start are made anew. @default none */
  readonly trustedCAVersion?: string;
}

export interface Metadata<N> {
  readonly name: string;
  readonly namespace: N;
  readonly labels: Record<string, string>;
}

/** Metadata of an object of the stack. */
export function metadataOf<N>(context: StackContext, name: string, namespace: N, part: Part): Metadata<N> {
  return { name, namespace, labels: labelsOf(context.owner, part) };
}

/**
 * Metadata of an object that outlives the stack; to be made with `context.retained`. It is written under the owner's name, so that the cluster itself
 * refuses a second owner: the label `openshift-ai-platform/owner` is then in conflict.
 */
export function retainedMetadata<N>(
  context: StackContext,
  name: string,
  namespace: N,
  part: Part,
): Metadata<N> & { readonly annotations: Record<string, string> } {
  return { ...metadataOf(context, name, namespace, part), annotations: { "pulumi.com/patchFieldManager": context.owner } };
}
