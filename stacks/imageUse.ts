/** Which images a stack runs, and which of them have no digest: one rule for the program and for the doctor. Pure. */
import { reference, registryOf, type ImagesLock, type LockedImage } from "../images/lock";
import type { StackConfig } from "./schema";

export type ImageUse = Pick<StackConfig, "environment" | "images" | "layers" | "models" | "builds" | "cluster" | "gateway" | "data">;

/** Names in images.lock of the images that the stack's objects name, each once. What models are built into is no image of the lock (`builds[].digest`). */
export function usedImages({ layers, models, builds, cluster, gateway, data }: ImageUse): readonly string[] {
  const built = builds.map(({ name }) => name);
  const sources = models.flatMap(({ source }) => (source.kind === "image" ? [source.image] : []));
  const serving = layers.serving ? ["ollama", "model-proxy", ...sources] : [];
  // OpenShift's builds begin with an image that has a shell, those with Tekton run in one that has the tools.
  const building = { none: [], openshift: builds.map(({ base }) => base), tekton: builds.map(() => "model-builder") }[cluster.capabilities.builds];
  const gated = gateway === undefined ? [] : ["model-proxy", ...(data.postgres.kind === "single" ? ["postgres"] : [])];
  return [...new Set([...serving, ...gated, ...building])].filter((name) => !built.includes(name));
}

/** Whether images without a digest are refused. */
export function digestsRequired({ environment, images }: ImageUse): boolean {
  return images.requireDigests ?? environment === "production";
}

/** What a person is told of an image without a digest. */
export interface Unpinned {
  readonly name: string;
  readonly reference: string;
  readonly fix: string;
}

/** The stack's images that have no digest. @param lock merged with the lock that the configuration names */
export function unpinnedImages(lock: ImagesLock, use: ImageUse): readonly Unpinned[] {
  return usedImages(use).flatMap((name) => {
    const entry = lock[name];
    return entry?.digest === "unresolved" ? [{ name, reference: reference(entry), fix: fixOf(name, entry, use) }] : [];
  });
}

/** The stack's images that are on no registry: only machines that have them already can run them. @param lock as above */
export function unpublishedImages(lock: ImagesLock, use: ImageUse): readonly string[] {
  return usedImages(use).filter((name) => lock[name]?.digest === "unresolved" && !lock[name].pull);
}

function fixOf(name: string, { pull, image }: LockedImage, { images }: ImageUse): string {
  const push = `make images-push REGISTRY=host/path${pull ? ` IMAGES=${name}` : ""}, which puts it into your registry`;
  const named = images.lock === undefined ? "; then name its lock, openshift-ai-platform:images.lock: images.site.lock" : "";
  return pull ? `make images-lock, on a machine that reaches ${registryOf(image)}; or ${push}${named}` : `${push}${named}`;
}
