/** Puts images into a site's registry and writes down what it then has: `make images-push`. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { stringify } from "yaml";
import { exec } from "../tools/lib/exec";
import { messageOf, UserError } from "../tools/lib/errors";
import { cacheDir, root } from "../tools/lib/paths";
import { green, say, step, yellow } from "../tools/lib/progress";
import { readImagesLock } from "./ensure";
import { parseSiteLock, pinnedReference, reference, type ImagesLock, type LockedImage, type SiteImage, type SiteLock } from "./lock";
import { keyOf, makeImage, type MadeImage } from "./make";
import { registryProblem, type Registry } from "./registry";

/** What the environment says. */
export interface PushRequest {
  /** `host[:port]/path` */
  readonly registry: string | undefined;
  /** Names in images.lock. @default all that are on no registry */
  readonly images?: readonly string[];
  /** The site's lock. @default images.site.lock of this clone */
  readonly out?: string;
  /** Makes also what a registry has, from packages. */
  readonly make?: boolean;
  /** Says what would be pushed; uploads and writes nothing. */
  readonly dryRun?: boolean;
}

export interface PushTools {
  readonly registry: (name: string) => Promise<Registry>;
  /** @default images/images.lock of this clone */
  readonly lockFile?: string;
  readonly make?: (name: string, entry: LockedImage) => Promise<MadeImage>;
  readonly key?: (name: string, entry: LockedImage) => string;
}

interface Planned {
  readonly name: string;
  readonly entry: LockedImage;
  readonly target: { readonly image: string; readonly tag: string };
  /** What the site's lock says of it. */
  readonly before: SiteImage | undefined;
}

const header = `# What make images-push put into a registry: read it, commit it, and name it in openshift-ai-platform:images.lock.
# It stands for the images of images/images.lock of the same names and tags.
`;

/**
 * Makes and pushes images, and writes the digests that the registry then answers. What is there is neither made nor uploaded, and a lock that says so already is
 * not written.
 * @returns path of the lock
 * @throws UserError with all that is wrong with the request, or with all images that could not be pushed; those that were are in the lock nevertheless
 */
export async function pushImages(request: PushRequest, tools: PushTools): Promise<string> {
  const lock = readImagesLock(tools.lockFile);
  const out = request.out ?? join(root, "images.site.lock");
  const { registry, site } = checked(request, lock, out);
  const names = request.images ?? Object.keys(lock).filter((name) => lock[name]?.pull === false);
  const remote = await tools.registry(registry);
  const problems: string[] = [];
  let now = site;
  for (const name of names) {
    const entry = lock[name];
    if (!entry) continue;
    // The last part of the name only: many registries have two levels, a project and a name.
    const target = { image: `${registry}/${basename(entry.image)}`, tag: entry.tag };
    try {
      const image = await pushed({ name, entry, target, before: site[name] }, request, remote, tools);
      if (image !== undefined) now = { ...now, [name]: image };
    } catch (error) {
      problems.push(`${name}: ${reference(target)}: ${messageOf(error)}`);
    }
  }
  if (request.dryRun !== true) write(out, now, lock);
  if (problems.length > 0) {
    throw new UserError(`${problems.length} of ${names.length} images could not be pushed:\n${problems.map((line) => `  - ${line}`).join("\n")}`, {
      fix: "correct this, then run the same command again: what is there is not pushed twice",
    });
  }
  return out;
}

/** @throws UserError with everything that is wrong */
function checked({ registry, images }: PushRequest, lock: ImagesLock, out: string): { readonly registry: string; readonly site: SiteLock } {
  const unknown = (images ?? []).filter((name) => !Object.hasOwn(lock, name));
  const parsed = existsSync(out) ? parseSiteLock(readFileSync(out, "utf8")) : { images: {} };
  const problems = [
    ...[registryProblem(registry)].filter((problem) => problem !== undefined),
    ...(unknown.length > 0 ? [`IMAGES=${unknown.join(",")}; allowed: names in images/images.lock: ${Object.keys(lock).join(", ")}`] : []),
    ...(parsed.problems === undefined ? [] : [`OUT=${out} is there, and not a lock that make images-push wrote: ${parsed.problems.join("; ")}`]),
  ];
  if (registry === undefined || parsed.images === undefined || problems.length > 0) {
    throw new UserError(problems.join("\n       "), { fix: "make images-push REGISTRY=registry.example.com/ai [IMAGES=name,…] [OUT=file]" });
  }
  return { registry, site: parsed.images };
}

/** @returns what the registry has; undefined in a dry run */
async function pushed({ name, entry, target, before }: Planned, request: PushRequest, remote: Registry, tools: PushTools): Promise<SiteImage | undefined> {
  const there = await remote.digest(reference(target));
  const made = !entry.pull || request.make === true;
  const key = made ? (tools.key ?? keyOf)(name, entry) : undefined;
  const known = before?.image === target.image && before.tag === target.tag && before.key === key && before.digest === there;
  if (known && (made || [before.digest, "unresolved"].includes(entry.digest))) {
    say(`  ${green("✓")} ${reference(target)}: there already`);
    return before;
  }
  if (request.dryRun === true) {
    say(
      `  ${reference(target)}: would be ${made ? "made and pushed" : `copied from ${pinnedReference(entry)}`}${there === undefined ? "" : `, over ${there}`}`,
    );
    return undefined;
  }
  return step(reference(target), async (note) => {
    const digest = made ? await upload(await (tools.make ?? makeFromPackages)(name, entry), target, there, remote) : await copied(entry, target, remote);
    if (there !== undefined && there !== digest) say(yellow(`  ${reference(target)}: was ${there}; keep that one while pods run it`));
    note(there === digest ? "there already" : `${made ? "made" : "copied"} and pushed, ${digest}`);
    return { ...target, digest, source: "pushed", ...(key === undefined ? {} : { key }) };
  });
}

async function upload({ archive, digest }: MadeImage, target: Planned["target"], there: string | undefined, remote: Registry): Promise<string> {
  if (there === digest) return digest;
  mkdirSync(cacheDir, { recursive: true });
  const layout = mkdtempSync(join(cacheDir, "push-"));
  try {
    await exec("tar", ["-xf", archive, "-C", layout]);
    await remote.push(layout, reference(target));
  } finally {
    rmSync(layout, { recursive: true, force: true });
  }
  return answeredBy(remote, target, digest);
}

async function copied(entry: LockedImage, target: Planned["target"], remote: Registry): Promise<string> {
  const from = entry.digest === "unresolved" ? reference(entry) : `${entry.image}@${entry.digest}`;
  await remote.copy(from, reference(target)).catch((error: unknown) => {
    throw new Error(
      `${messageOf(error)}; run it where ${from} can be pulled, or with ARGS=--make, which makes it from packages (docs/images.md says what is left out)`,
      {
        cause: error,
      },
    );
  });
  return answeredBy(remote, target, entry.digest === "unresolved" ? undefined : entry.digest);
}

/** What the registry answers, which must be what was sent. */
async function answeredBy(remote: Registry, target: Planned["target"], sent: string | undefined): Promise<string> {
  const digest = await remote.digest(reference(target));
  if (digest === undefined || (sent !== undefined && digest !== sent)) {
    throw new Error(`was pushed as ${sent ?? "it is"}, but the registry answers ${digest ?? "that it has none"}`);
  }
  return digest;
}

function makeFromPackages(name: string, entry: LockedImage): Promise<MadeImage> {
  return makeImage(name, entry);
}

/** In the order of images.lock, whole or not at all, and only where something is new. */
function write(out: string, site: SiteLock, lock: ImagesLock): void {
  const order = [...Object.keys(lock), ...Object.keys(site)];
  const sorted = Object.fromEntries(Object.entries(site).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
  if (Object.keys(sorted).length === 0) return;
  const text = `${header}${stringify(sorted)}`;
  if (existsSync(out) && readFileSync(out, "utf8") === text) return;
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(`${out}.${process.pid}`, text);
  renameSync(`${out}.${process.pid}`, out);
}
