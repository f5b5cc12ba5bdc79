/** The images of a stack: `images/images.lock`, with what the lock of the cluster or of the site says, where there is one. */
import { readFileSync } from "node:fs";
import { mergeLocks, parseImagesLock, parseOwnLock, pinnedReference, type ImagesLock, type Parsed } from "../images/lock";
import { digestsRequired, unpinnedImages, type ImageUse } from "./imageUse";
import type { StackConfig } from "./schema";

/** Reference of an image by its name in the lock. */
export type ImageReferences = (name: string) => string;

const tracked = "images/images.lock";

/** A lock file that can't be used; the message is for people. */
export class ImagesError extends Error {
  override readonly name = "ImagesError";
}

/** Reads the tracked lock. @throws ImagesError */
export function readImagesLock(): ImagesLock {
  return read(tracked, parseImagesLock, "restore it from Git");
}

/**
 * The tracked lock merged with the one that the configuration names.
 * @throws ImagesError for a file that can't be read or used
 */
export function imagesOf(lock: ImagesLock, { images }: Pick<StackConfig, "images">): ImagesLock {
  const fix = "run make up again (embedded cluster) or make images-push (your own registry), or correct openshift-ai-platform:images.lock";
  return images.lock === undefined ? lock : mergeLocks(lock, read(images.lock, parseOwnLock, fix));
}

/**
 * The references that pods name: by digest where one is known. A mirror takes the place of the registries' hosts; images that were made for the cluster, and
 * those that are in the site's registry, keep their names.
 * @throws ImagesError naming every image of the stack that has no digest and must have one
 */
export function imageReferences(lock: ImagesLock, config: ImageUse & Pick<StackConfig, "registry">): ImageReferences {
  const images = imagesOf(lock, config);
  const unpinned = digestsRequired(config) ? unpinnedImages(images, config) : [];
  if (unpinned.length > 0) {
    throw new ImagesError(
      `${tracked}: without a digest: ${unpinned.map(({ name, reference }) => `${name} (${reference})`).join(", ")}\n` +
        "  allowed: images by digest only, as production does (openshift-ai-platform:images.requireDigests)\n" +
        unpinned.map(({ name, fix }) => `  fix of ${name}: ${fix}`).join("\n"),
    );
  }
  return (name) => {
    const image = images[name];
    if (!image) throw new ImagesError(`${tracked}: has no image "${name}"\n  fix: add it`);
    const elsewhere = image.image !== lock[name]?.image;
    return mirrored(pinnedReference(image), elsewhere ? undefined : config.registry.mirror);
  };
}

/** `docker.io/ollama/ollama:1` → `MIRROR/ollama/ollama:1` */
function mirrored(reference: string, mirror: string | undefined): string {
  return mirror === undefined || reference.startsWith("localhost/") ? reference : `${mirror}${reference.slice(reference.indexOf("/"))}`;
}

function read<T>(path: string, parse: (text: string) => Parsed<T>, fix: string): T {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new ImagesError(`${path}: can't be read: ${cause instanceof Error ? cause.message : String(cause)}\n  fix: ${fix}`, { cause });
  }
  const { images, problems } = parse(text);
  if (problems === undefined) return images;
  throw new ImagesError(
    `${path}: ${problems.length} problem${problems.length === 1 ? "" : "s"}\n${problems.map((line) => `  ${line}`).join("\n")}\n  fix: ${fix}`,
  );
}
