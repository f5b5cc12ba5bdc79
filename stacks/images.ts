/** The images of a stack: `images/images.lock`, with the digests of the cluster's own lock where it has one. */
import { readFileSync } from "node:fs";
import { mergeLocks, parseClusterLock, parseImagesLock, pinnedReference, type ImagesLock, type Parsed } from "../images/lock";

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
 * The references that pods name: by digest where one is known.
 * @param clusterLock path of the cluster's own lock
 * @param pinned refuse images without a digest
 * @param mirror takes the place of the registries' hosts; images that were made for the cluster keep their names
 * @throws ImagesError naming every image that is not pinned
 */
export function imageReferences(lock: ImagesLock, clusterLock: string | undefined, pinned: boolean, mirror?: string): ImageReferences {
  const images =
    clusterLock === undefined ? lock : mergeLocks(lock, read(clusterLock, parseClusterLock, "run make up again, or correct openshift-ai-platform:images.lock"));
  const unresolved = Object.entries(images).filter(([, { digest }]) => digest === "unresolved");
  if (pinned && unresolved.length > 0) {
    throw new ImagesError(
      `${tracked}: without a digest: ${unresolved.map(([name, entry]) => `${name} (${pinnedReference(entry)})`).join(", ")}\n` +
        "  allowed: images by digest only, as production does (openshift-ai-platform:images.requireDigests)\n  fix: make images-lock, on a machine that reaches the registries",
    );
  }
  return (name) => {
    const image = images[name];
    if (!image) throw new ImagesError(`${tracked}: has no image "${name}"\n  fix: add it`);
    return mirrored(pinnedReference(image), mirror);
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
