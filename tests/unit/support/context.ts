/** What components get besides their own arguments. */
import type { Site, StackContext } from "../../../components/common/context";
import { profileOf, type PlatformProfile } from "../../../components/common/platform";

export const owner = "openshift-ai-platform.dev";
export const plainSite: Site = { gpuResource: "nvidia.com/gpu", trustedCA: false };

/** A context; a site that puts nothing into pods unless said otherwise. */
export function context(platform: PlatformProfile["name"] = "openshift", site: Partial<Site> = {}): StackContext {
  return { profile: profileOf(platform), owner, site: { ...plainSite, ...site }, retained: { retainOnDelete: true } };
}
