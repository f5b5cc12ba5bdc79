/** Names of models: the platform's own, and those of Ollama and its registry. Pure; everything that names a model goes through here. */

/** What the platform's name of a model says. */
export interface ModelName {
  /** `codellama` */
  readonly model: string;
  /** Parameters: `7b`, `0.1m`, `8x7b`. */
  readonly size: string;
  /** `v1.0`; of a release of the model on this platform, not of its maker. */
  readonly version: string;
  /** `base`, `instruct`, `q4-k-m` */
  readonly variant: string;
}

export const modelNameForm = "{model}:{size}-{version}-{variant} in lower case, such as codellama:7b-v1.0-base";

// No leading zeros: of two names that differ in them only, nobody would know which is the newer one.
const number = "(?:0|[1-9][0-9]*)";
const words = "[a-z0-9]+(?:[._-][a-z0-9]+)*";
const sizeForm = `${number}(?:\\.[0-9]+)?(?:x${number}(?:\\.[0-9]+)?)?[kmbt]`;
const versionForm = new RegExp(`^v(${number})\\.(${number})(?:\\.(${number}))?$`);
const form = new RegExp(`^(?<model>${words}):(?<size>${sizeForm})-(?<version>v${number}\\.${number}(?:\\.${number})?)-(?<variant>${words})$`);

/** Longest tag that Ollama takes (isValidLen in types/model/name.go), and the longest value of a label. */
const longest = { tag: 80, part: 63 } as const;

/** The parts of a name; undefined where it is not of the form, or has parts that Ollama or a label does not take. */
export function parseModelName(name: string): ModelName | undefined {
  const { model, size, version, variant } = form.exec(name)?.groups ?? {};
  if (model === undefined || size === undefined || version === undefined || variant === undefined) return undefined;
  const fits = [model, size, version, variant].every(({ length }) => length <= longest.part) && name.length - model.length - 1 <= longest.tag;
  return fits ? { model, size, version, variant } : undefined;
}

export function isModelName(name: string): boolean {
  return parseModelName(name) !== undefined;
}

/** @throws RangeError where the parts make no name */
export function formatModelName({ model, size, version, variant }: ModelName): string {
  const name = `${model}:${size}-${version}-${variant}`;
  if (!isModelName(name)) throw new RangeError(`${JSON.stringify(name)} is no name of a model: ${modelNameForm}`);
  return name;
}

/** Order of versions: v1.9 < v1.10, v1.0 = v1.0.0. Negative, 0 or positive, for sorting. @throws RangeError for what is no version */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  const at = left.findIndex((value, i) => value !== right[i]);
  return at < 0 ? 0 : (left[at] ?? 0n) < (right[at] ?? 0n) ? -1 : 1;
}

/** Major, minor, patch. */
function numbersOf(version: string): readonly bigint[] {
  const found = versionForm.exec(version);
  if (!found) throw new RangeError(`${JSON.stringify(version)} is no version: v1.0 or v1.0.0`);
  return found.slice(1).map((digits: string | undefined) => BigInt(digits ?? 0));
}

/** Names of the same model, size and variant are releases of one another. */
export function isReleaseOf(a: ModelName, b: ModelName): boolean {
  return a.model === b.model && a.size === b.size && a.variant === b.variant;
}

/** A model at its source. */
export interface UpstreamModel {
  /** `registry.ollama.ai`, or a mirror with its port. */
  readonly host: string;
  /** `library` */
  readonly namespace: string;
  readonly model: string;
  readonly tag: string;
}

const defaults = { host: "registry.ollama.ai", namespace: "library" } as const;

/** Reads a name as Ollama does (ParseNameBare in types/model/name.go), with its defaults. @param name `[[host/]namespace/]model:tag` */
export function parseUpstream(name: string): UpstreamModel {
  const tagAt = name.lastIndexOf(":");
  const parts = name.slice(0, tagAt).split("/");
  return { host: parts.at(-3) ?? defaults.host, namespace: parts.at(-2) ?? defaults.namespace, model: parts.at(-1) ?? "", tag: name.slice(tagAt + 1) };
}

/** The shortest name that stands for it. */
export function formatUpstream({ host, namespace, model, tag }: UpstreamModel): string {
  const name = `${model}:${tag}`;
  if (host !== defaults.host) return `${host}/${namespace}/${name}`;
  return namespace === defaults.namespace ? name : `${namespace}/${name}`;
}

/** One and the same for ever: `registry.ollama.ai/library/codellama:7b-code@sha256:…`. @param digest of the model's manifest */
export function upstreamReference(name: string, digest: string): string {
  const { host, namespace, model, tag } = parseUpstream(name);
  return `${host}/${namespace}/${model}:${tag}@${digest}`;
}

/** What `upstreamReference` was made from; undefined for anything else. */
export function parseUpstreamReference(reference: string): { readonly name: string; readonly digest: string } | undefined {
  const [, name, digest] = /^([^@]+\/[^@/]+\/[^@/:]+:[^@/:]+)@(sha256:[0-9a-f]{64})$/.exec(reference) ?? [];
  return name === undefined || digest === undefined ? undefined : { name: formatUpstream(parseUpstream(name)), digest };
}

/**
 * A platform name for a model of a registry, to begin with: `codellama:7b-code` → `codellama:7b-v1.0-code`. Undefined where the tag does not begin with a size,
 * as `latest` does not.
 */
export function suggestedName(upstream: string, version = "v1.0"): string | undefined {
  const { model, tag } = parseUpstream(upstream.toLowerCase());
  const [, size, rest] = new RegExp(`^(${sizeForm})(?:-(.+))?$`).exec(tag) ?? [];
  const name = `${model}:${size ?? ""}-${version}-${rest ?? "base"}`;
  return isModelName(name) ? name : undefined;
}

/** Path of a model's manifest below `manifests/` in Ollama's store: host/namespace/model/tag. @param name `[[host/]namespace/]model:tag` */
export function manifestPath(name: string): string {
  const { host, namespace, model, tag } = parseUpstream(name);
  return [host, namespace, model, tag].join("/");
}

/** The part of an object's name that says which model it is for; at most 40 characters, and not unique: `tiny:0.1m-v1.0-random` → `tiny-0-1m-v1-0-random`. */
export function modelObjectName(name: string): string {
  return name.replace(/[^a-z0-9]+/g, "-").slice(0, 40);
}

const prefix = "openshift-ai-platform/model";

/** Labels of an object that is for one model: its name's parts, since a name itself is no value of a label. */
export function modelLabels(name: string): Record<string, string> {
  const parts = parseModelName(name);
  if (parts === undefined) throw new RangeError(`${JSON.stringify(name)} is no name of a model: ${modelNameForm}`);
  return { [prefix]: parts.model, [`${prefix}-size`]: parts.size, [`${prefix}-version`]: parts.version, [`${prefix}-variant`]: parts.variant };
}

/**
 * Annotations of an object that is for one model: its name, where it comes from, what was made of it, and under which licence it is.
 * @param source of a registry: `upstreamReference`; of an image: its reference
 * @param made `quantize`: type that its weights were quantized to, undefined where they are those of the source; `licence`: undefined where it is not known
 */
export function modelAnnotations(
  name: string,
  source: string,
  { quantize, licence }: { readonly quantize?: string | undefined; readonly licence?: string | undefined } = {},
): Record<string, string> {
  return {
    [prefix]: name,
    [`${prefix}-source`]: source,
    ...(quantize === undefined ? {} : { [`${prefix}-quantize`]: quantize }),
    ...(licence === undefined ? {} : { [`${prefix}-licence`]: licence }),
  };
}
