/** What every component of a stack knows. */
import type { PlatformProfile } from "./platform";
import { labelsOf, type Part } from "./labels";

export interface StackContext {
  readonly profile: PlatformProfile;
  /** Value of the owner label. */
  readonly owner: string;
}

/** Metadata of an object of the stack. */
export function metadataOf<N>(context: StackContext, name: string, namespace: N, part: Part): { name: string; namespace: N; labels: Record<string, string> } {
  return { name, namespace, labels: labelsOf(context.owner, part) };
}
