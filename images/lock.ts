/**
 * The lists of images: `images.lock` (which image a name means, tracked by Git), a cluster's own lock (which digest that cluster has, never committed) and a
 * site's (what was pushed into its registry, committed by the site). Pure: no files, no network.
 */
import { isMap, parseDocument } from "yaml";
import { z } from "zod";

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hexadecimal digits");

const identity = {
  /** Registry and repository, without a tag. */
  image: z
    .string()
    .regex(
      /^(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+)(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/,
      "must be a registry and a repository in full, without a tag (docker.io/ollama/ollama)",
    ),
  tag: z
    .string("must be a text: put it in quotes")
    .regex(/^\w[\w.-]{0,127}$/, "must be a tag")
    .refine((tag) => tag !== "latest", "must name one version, not latest"),
};

const lockedImage = z.strictObject({
  ...identity,
  digest: z.string().regex(/^(sha256:[0-9a-f]{64}|unresolved)$/, "must be sha256: and 64 hexadecimal digits, or unresolved"),
  /** Whether it is on a registry. */
  pull: z.boolean("must be true or false"),
  /** File of this repository that says how the same image is made from packages. */
  recipe: z.string().regex(/^images\/recipes\/[a-z0-9-]+\.ts$/, "must be a file images/recipes/<name>.ts"),
  madeFrom: z.string().min(1),
  usedBy: z.string().min(1),
  licence: z.string().min(1),
});

const clusterImage = z.strictObject({
  ...identity,
  digest,
  source: z.enum(["pulled", "made"], "must be pulled or made"),
  /** Bytes of the image's archive, or as containerd counts them. */
  size: z.number().nonnegative(),
  /** What a made image was made from; another key means that it has to be made again. */
  key: z.string().optional(),
});

/** An image in a site's registry: another place and a digest for the same name and tag. */
const siteImage = z.strictObject({
  ...identity,
  digest,
  source: z.literal("pushed", "must be pushed"),
  /** As above; without one it was copied from the registry that it comes from. */
  key: z.string().optional(),
});

const ownImage = z.discriminatedUnion("source", [clusterImage, siteImage], "must be pulled, made or pushed");

export type LockedImage = z.infer<typeof lockedImage>;
export type ClusterImage = z.infer<typeof clusterImage>;
export type SiteImage = z.infer<typeof siteImage>;
export type ImagesLock = Readonly<Record<string, LockedImage>>;
export type ClusterLock = Readonly<Record<string, ClusterImage>>;
export type SiteLock = Readonly<Record<string, SiteImage>>;
/** What `images.lock` of a configuration names: the lock of a cluster or of a site. */
export type OwnLock = Readonly<Record<string, ClusterImage | SiteImage>>;
/** Either what the file says or everything that is wrong with it, one line each. */
export type Parsed<T> = { readonly images: T; readonly problems?: undefined } | { readonly images?: undefined; readonly problems: readonly string[] };

/** Reads the text of `images.lock`. */
export function parseImagesLock(text: string): Parsed<ImagesLock> {
  return parse(text, lockedImage, (images) => [
    ...sameReference(images),
    ...Object.entries(images).flatMap(([name, { image, pull }]) =>
      pull && registryOf(image) === "localhost" ? [`${name}.pull: got true, must be false: localhost is no registry`] : [],
    ),
  ]);
}

/** Reads the text of a cluster's own lock. */
export function parseClusterLock(text: string): Parsed<ClusterLock> {
  return parse(text, clusterImage, sameReference);
}

/** Reads the text of a site's lock, as `make images-push` writes it. */
export function parseSiteLock(text: string): Parsed<SiteLock> {
  return parse(text, siteImage, sameReference);
}

/** Reads the text of either. */
export function parseOwnLock(text: string): Parsed<OwnLock> {
  return parse(text, ownImage, sameReference);
}

/**
 * The lock with the digests that a cluster or a site's registry has, and the place of what is in a site's; what it does not have stays as it is. An image of
 * another tag is not that image.
 */
export function mergeLocks(lock: ImagesLock, owned: OwnLock): ImagesLock {
  return Object.fromEntries(
    Object.entries(lock).map(([name, entry]) => {
      const own = Object.hasOwn(owned, name) ? owned[name] : undefined;
      const same = own?.tag === entry.tag && (own.source === "pushed" || own.image === entry.image);
      return [name, own !== undefined && same ? { ...entry, image: own.image, digest: own.digest } : entry];
    }),
  );
}

/** `docker.io/ollama/ollama:0.17.4` */
export function reference({ image, tag }: { readonly image: string; readonly tag: string }): string {
  return `${image}:${tag}`;
}

/** What a pod names: `docker.io/ollama/ollama:0.17.4@sha256:…`, without a digest while that is unresolved. */
export function pinnedReference(entry: { readonly image: string; readonly tag: string; readonly digest: string }): string {
  return entry.digest === "unresolved" ? reference(entry) : `${reference(entry)}@${entry.digest}`;
}

/** `docker.io` of `docker.io/ollama/ollama` */
export function registryOf(image: string): string {
  return image.slice(0, image.indexOf("/"));
}

function parse<T>(text: string, schema: z.ZodType<T>, check: (images: Readonly<Record<string, T>>) => string[]): Parsed<Readonly<Record<string, T>>> {
  const document = parseDocument(text);
  if (document.errors.length > 0) return { problems: document.errors.map((error) => error.message.split("\n")[0] ?? error.code) };
  const value: unknown = document.toJS() ?? {};
  const result = z.record(z.string(), schema, "must be a map from names to images").safeParse(value);
  const names = (isMap(document.contents) ? Object.keys(value as object) : []).filter((name) => !/^[a-z][a-z0-9-]*$/.test(name));
  const problems = names.map((name) => `${name}: must be lower-case letters, digits and dashes`);
  if (!result.success) problems.push(...result.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${got(value, issue.path)}${issue.message}`));
  else problems.push(...check(result.data));
  return result.success && problems.length === 0 ? { images: result.data } : { problems };
}

/** "got 1.2, " for a scalar that is there. */
function got(value: unknown, path: readonly PropertyKey[]): string {
  let at: unknown = value;
  for (const key of path) at = typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined;
  return ["string", "number", "boolean"].includes(typeof at) ? `got ${JSON.stringify(at)}, ` : "";
}

function sameReference(images: Readonly<Record<string, { readonly image: string; readonly tag: string }>>): string[] {
  const names = new Map<string, string>();
  return Object.entries(images).flatMap(([name, image]) => {
    const other = names.get(reference(image));
    names.set(reference(image), name);
    return other === undefined ? [] : [`${name}: ${reference(image)} is ${other} already`];
  });
}
