/** Writes a container image as an OCI image layout in a tar archive: the same input gives the same bytes, and so the same digest. */
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from "node:fs";
import { rename } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { UserError } from "../tools/lib/errors";
import { byPath, normaliseMode, writeTar, type Entry } from "./tar";

/** A file of a layer: a copy of one on this machine, a text or bytes, a symbolic link, or an (empty) directory. */
export type FileSpec =
  | { readonly source: string; readonly mode?: number }
  | { readonly text: string | Uint8Array; readonly mode?: number }
  | { readonly link: string }
  | { readonly directory: true; readonly mode?: number };

export type LayerSpec =
  | {
      /** Everything below this folder of this machine … */
      readonly directory: string;
      /** … goes below this absolute path of the image; default: / */
      readonly prefix?: string;
      /** Where a path (relative, below `directory`) goes, before `prefix`; undefined: left out, with all below it. Default: where it is. */
      readonly place?: (path: string) => string | undefined;
    }
  /** By absolute path in the image. */
  | { readonly files: Readonly<Record<string, FileSpec>> };

export interface ImageSpec {
  /** Full reference with registry and tag: `docker.io/ollama/ollama:0.17.4`. */
  readonly reference: string;
  readonly layers: readonly LayerSpec[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workdir?: string;
  /** TCP ports that it listens on; informative. */
  readonly ports?: readonly number[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** OCI name of this machine's architecture. */
export const architecture = process.arch === "x64" ? "amd64" : process.arch;

interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly content: Buffer | { readonly source: string };
}

/**
 * Writes the image to `out` (whole or not at all).
 * @returns digest of the manifest, `sha256:…`: the digest that an image reference and containerd show
 * @throws UserError when a file of a layer is missing or two are put at one place
 */
export async function writeImage(spec: ImageSpec, out: string): Promise<{ readonly digest: string }> {
  mkdirSync(dirname(out), { recursive: true });
  const work = mkdtempSync(`${out}.`);
  try {
    const layers = spec.layers.map((layer, index): Blob => {
      const source = join(work, `layer-${index}.tar`);
      const { size, sha256 } = writeTar(entriesOf(layer), source);
      return { digest: `sha256:${sha256}`, size, content: { source } };
    });
    const config = jsonBlob(configOf(spec, layers));
    const manifest = jsonBlob({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: config.digest, size: config.size },
      layers: layers.map(({ digest, size }) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size })),
    });
    const index = jsonBlob({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        {
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          digest: manifest.digest,
          size: manifest.size,
          annotations: { "io.containerd.image.name": spec.reference, "org.opencontainers.image.ref.name": spec.reference },
          platform: { architecture, os: "linux" },
        },
      ],
    });
    const blobs = new Map([config, manifest, ...layers].map((blob) => [blob.digest, blob])); // equal layers are one blob
    const file = (path: string, blob: Omit<Blob, "digest">): Entry => ({ path, type: "file", mode: 0o644, size: blob.size, content: blob.content });
    const members = [
      file("oci-layout", jsonBlob({ imageLayoutVersion: "1.0.0" })),
      file("index.json", index),
      { path: "blobs", type: "directory", mode: 0o755 } as const,
      { path: "blobs/sha256", type: "directory", mode: 0o755 } as const,
      ...[...blobs.values()].map((blob) => file(`blobs/${blob.digest.replace(":", "/")}`, blob)),
    ];
    const whole = join(work, "image.tar");
    writeTar(members.sort(byPath), whole);
    await rename(whole, out);
    return { digest: manifest.digest };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function configOf(spec: ImageSpec, layers: readonly Blob[]): object {
  const created = "1970-01-01T00:00:00Z";
  return {
    created,
    architecture,
    os: "linux",
    config: {
      ...(spec.user === undefined ? {} : { User: spec.user }),
      ...(spec.ports ? { ExposedPorts: Object.fromEntries(spec.ports.map((port) => [`${port}/tcp`, {}])) } : {}),
      Env: Object.entries({ PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...spec.env }).map(([name, value]) => `${name}=${value}`),
      ...(spec.entrypoint ? { Entrypoint: spec.entrypoint } : {}),
      ...(spec.cmd ? { Cmd: spec.cmd } : {}),
      WorkingDir: spec.workdir ?? "/",
      ...(spec.labels ? { Labels: spec.labels } : {}),
    },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
    history: layers.map(() => ({ created })),
  };
}

function jsonBlob(value: object): Blob & { readonly content: Buffer } {
  const content = Buffer.from(JSON.stringify(value));
  return { digest: `sha256:${createHash("sha256").update(content).digest("hex")}`, size: content.length, content };
}

/** The members of a layer, sorted, with all parent directories. */
function entriesOf(layer: LayerSpec): Entry[] {
  const entries = new Map<string, Entry>();
  const add = (entry: Entry) => {
    const before = entries.get(entry.path);
    if (before && !(before.type === "directory" && entry.type === "directory")) {
      throw new UserError(`image layer: two files at /${entry.path}`, { fix: "place them apart in the image's recipe" });
    }
    entries.set(entry.path, entry);
  };
  if ("files" in layer) {
    for (const [path, file] of Object.entries(layer.files)) add(entryOf(relative(path), file));
  } else {
    if (!existsSync(layer.directory))
      throw new UserError(`image layer: no folder ${layer.directory}`, { fix: "run the command again: it makes the folder anew" });
    const prefix = relative(layer.prefix ?? "/");
    for (const [path, file] of walk(layer.directory, layer.place ?? ((p) => p))) add(entryOf(posix.join(prefix, path), file));
  }
  for (const path of [...entries.keys()]) {
    for (let parent = posix.dirname(path); parent !== "."; parent = posix.dirname(parent)) {
      const entry = entries.get(parent);
      if (!entry) entries.set(parent, { path: parent, type: "directory", mode: 0o775 });
      else if (entry.type !== "directory")
        throw new UserError(`image layer: /${path} lies below /${parent}, which is no directory`, { fix: "place it elsewhere in the image's recipe" });
    }
  }
  entries.delete("."); // the root itself
  return [...entries.values()].sort(byPath);
}

function relative(path: string): string {
  if (!path.startsWith("/") || path.split("/").includes("..")) throw new Error(`not an absolute path in an image: ${path}`);
  return posix.normalize(path.slice(1) || ".").replace(/\/$/, "");
}

function entryOf(path: string, file: FileSpec): Entry {
  if ("link" in file) return { path, type: "link", target: file.link };
  if ("directory" in file) return { path, type: "directory", mode: normaliseMode(file.mode ?? 0o755) };
  if ("text" in file) {
    const content = Buffer.from(file.text);
    return { path, type: "file", mode: normaliseMode(file.mode ?? 0o644), size: content.length, content };
  }
  const stat = statSync(file.source, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new UserError(`image layer: no file ${file.source} for /${path}`, { fix: "run the command again: it makes the file anew" });
  return { path, type: "file", mode: normaliseMode(file.mode ?? stat.mode), size: stat.size, content: { source: file.source } };
}

function* walk(root: string, place: (path: string) => string | undefined, below = ""): Generator<[string, FileSpec]> {
  for (const name of readdirSync(join(root, below)).sort()) {
    const path = posix.join(below, name);
    const placed = place(path);
    if (placed === undefined) continue;
    const full = join(root, path);
    const stat = lstatSync(full);
    if (stat.isSymbolicLink()) yield [placed, { link: readlinkSync(full) }];
    else if (stat.isFile()) yield [placed, { source: full }];
    else if (stat.isDirectory()) {
      yield [placed, { directory: true, mode: stat.mode }];
      yield* walk(root, place, path);
    }
    // Sockets, pipes and devices have no place in an image of ours.
  }
}
