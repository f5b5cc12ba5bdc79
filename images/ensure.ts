/** Sees to it that a cluster has the images that it runs, whatever this machine can reach, and records what it has. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { UserError } from "../tools/lib/errors";
import { root } from "../tools/lib/paths";
import { dim, green, say, step } from "../tools/lib/progress";
import { parseClusterLock, parseImagesLock, reference, registryOf, type ClusterImage, type ClusterLock, type ImagesLock, type LockedImage } from "./lock";
import { keyOf, makeImage, type MadeImage } from "./make";
import { probe, pull, registryUrl, type ImageHost } from "./pull";

/** Keeps the kubelet from deleting an image to save space: where it was made, it cannot be pulled again. */
const PINNED = "io.cri-containerd.pinned=pinned";

export interface EnsureOptions {
  /** Default: images/images.lock of this clone. */
  readonly lockFile?: string;
  /** Address of a registry's API. */
  readonly registryUrl?: (registry: string) => string;
  readonly probeMs?: number;
  /** A download without new bytes for this long is given up. */
  readonly stallMs?: number;
  readonly make?: (name: string, entry: LockedImage, note: (text: string) => void) => Promise<MadeImage>;
}

/** Reads images.lock. @throws UserError with everything that is wrong with it */
export function readImagesLock(file: string = join(root, "images/images.lock")): ImagesLock {
  if (!existsSync(file)) throw new UserError(`${file} is missing`, { fix: "restore it with git" });
  const parsed = parseImagesLock(readFileSync(file, "utf8"));
  if (parsed.images) return parsed.images;
  throw new UserError(`${file} is not valid:\n${parsed.problems.map((problem) => `  - ${problem}`).join("\n")}`, {
    fix: "correct these entries, or restore the file with git",
  });
}

/**
 * Images present in the cluster stay; others are pulled when their registry answers within seconds; what cannot be pulled is made from packages under the same
 * name. Each is in the cluster under its tag and under its digest afterwards, so that a pod which names both starts without a registry.
 * @returns the cluster's own lock: name → image, tag, digest, source, size
 * @throws UserError on a name that images.lock does not have, and when an image can be neither pulled nor made
 */
export async function ensureImages(names: readonly string[], cluster: ImageHost, options: EnsureOptions = {}): Promise<string> {
  const lock = readImagesLock(options.lockFile);
  const unknown = names.filter((name) => !lock[name]);
  if (unknown.length > 0)
    throw new UserError(`no image ${unknown.join(", ")} in images/images.lock`, {
      fix: `use one of ${Object.keys(lock).join(", ")}, or add an entry and a recipe`,
    });
  const file = join(cluster.dir, "images.lock");
  let own = readClusterLock(file);
  const save = (name: string, image: ClusterImage) => {
    own = { ...own, [name]: image };
    writeClusterLock(file, own);
  };
  if (cluster.flavor === "simulated") {
    writeClusterLock(file, own); // simulated nodes run no containers: there is nothing to import
    return file;
  }
  const reasons = new Map<string, Promise<string | undefined>>();
  const unreachable = (entry: LockedImage): Promise<string | undefined> => {
    if (!entry.pull) return Promise.resolve("on no registry");
    const url = (options.registryUrl ?? registryUrl)(registryOf(entry.image));
    const reason = reasons.get(url) ?? probe(url, options.probeMs);
    reasons.set(url, reason);
    return reason;
  };
  const there = await digestsIn(cluster);
  for (const name of new Set(names)) {
    const entry = lock[name];
    if (!entry) continue;
    const present = isPresent(entry, own[name], there, () => keyOf(name, entry));
    if (present) {
      say(`  ${green("✓")} image ${reference(entry)}: in the cluster already ${dim(`(${present.source}, ${megabytes(present.size)})`)}`);
      continue;
    }
    await step(`image ${reference(entry)}`, async (note) => {
      const before = own[name];
      const reason = (await unreachable(entry)) ?? (await pull(entry, cluster, note, options.stallMs));
      const image = reason === undefined ? await pulled(entry, cluster) : await made(name, entry, cluster, options, there, note);
      await giveNames(entry, image.digest, cluster);
      if (before && before.digest !== image.digest) await unpin(before, cluster);
      save(name, image);
      const how = reason === undefined ? `pulled from ${registryOf(entry.image)}` : entry.pull ? "made from packages" : "made here";
      note(`${how}, ${megabytes(image.size)}${reason === undefined ? "" : ` (${reason})`}`);
    });
  }
  return file;
}

/** The cluster's record of the image when that still holds. A damaged or missing record means that it is checked anew, which costs seconds. */
function isPresent(entry: LockedImage, own: ClusterImage | undefined, there: ReadonlyMap<string, string>, key: () => string): ClusterImage | undefined {
  if (!own || reference(own) !== reference(entry)) return undefined;
  const named = [reference(entry), `${entry.image}@${own.digest}`].every((name) => there.get(name) === own.digest);
  const asked = own.source === "made" ? own.key === key() : ["unresolved", own.digest].includes(entry.digest);
  return named && asked ? own : undefined;
}

async function pulled(entry: LockedImage, cluster: ImageHost): Promise<ClusterImage> {
  const result = await cluster.ctr(["images", "ls", `name==${reference(entry)}`]);
  const [digest, size] = rows(result.stdout).map((row) => [row[2], sizeOf(row)] as const)[0] ?? [];
  if (digest === undefined) throw new Error(`${reference(entry)} was pulled, but containerd does not list it`);
  return { image: entry.image, tag: entry.tag, digest, source: "pulled", size: size ?? 0 };
}

async function made(
  name: string,
  entry: LockedImage,
  cluster: ImageHost,
  options: EnsureOptions,
  there: ReadonlyMap<string, string>,
  note: (text: string) => void,
): Promise<ClusterImage> {
  const image = await (options.make?.(name, entry, note) ?? makeImage(name, entry, { note }));
  if (there.get(reference(entry)) !== image.digest) {
    await cluster.ctr(["images", "import", image.archive]);
    const now = (await digestsIn(cluster)).get(reference(entry));
    if (now !== image.digest) throw new Error(`${reference(entry)}: imported ${image.digest}, but containerd lists ${now ?? "nothing"}`);
  }
  return { image: entry.image, tag: entry.tag, digest: image.digest, source: "made", size: image.size, key: image.key };
}

/** A pod that names tag and digest is resolved as `repository@digest`, so that this name has to exist too. */
async function giveNames(entry: LockedImage, digest: string, cluster: ImageHost): Promise<void> {
  const byDigest = `${entry.image}@${digest}`;
  await cluster.ctr(["images", "tag", "--force", reference(entry), byDigest]);
  for (const name of [reference(entry), byDigest]) await cluster.ctr(["images", "label", name, PINNED]);
}

/** Lets the kubelet delete a predecessor once no pod uses it. */
async function unpin(before: ClusterImage, cluster: ImageHost): Promise<void> {
  await cluster.ctr(["images", "label", `${before.image}@${before.digest}`, PINNED.replace(/=.*/, "=")], { allowFailure: true });
}

async function digestsIn(cluster: ImageHost): Promise<ReadonlyMap<string, string>> {
  const result = await cluster.ctr(["images", "ls"]);
  return new Map(rows(result.stdout).map((row) => [row[0] ?? "", row[2] ?? ""]));
}

/** Columns of `ctr images ls`: REF TYPE DIGEST SIZE UNIT PLATFORMS LABELS. */
function rows(table: string): string[][] {
  return table
    .split("\n")
    .slice(1)
    .filter((line) => line.trim() !== "")
    .map((line) => line.split(/\s+/));
}

function sizeOf(row: readonly string[]): number {
  const unit = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }[row[4] ?? ""] ?? 0;
  return Math.round(Number(row[3]) * unit);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

function readClusterLock(file: string): ClusterLock {
  return (existsSync(file) ? parseClusterLock(readFileSync(file, "utf8")).images : undefined) ?? {};
}

function writeClusterLock(file: string, lock: ClusterLock): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `# The images that this cluster has; made by the tools, read by the program.\n${stringify(lock)}`);
  renameSync(temporary, file);
}
