/** Fills the digests of images.lock in, where registries can be read: `make images-lock`. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { messageOf, UserError } from "../tools/lib/errors";
import { root } from "../tools/lib/paths";
import { green, say } from "../tools/lib/progress";
import { readImagesLock } from "./ensure";
import { pinnedReference, reference, registryOf, type LockedImage } from "./lock";
import { registryUrl } from "./pull";

/** An index before a manifest: the digest has to mean the image on every architecture. */
const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const LIMIT_MS = 10_000;

/**
 * Asks each registry for the digest behind each tag, and writes those that it got.
 * @throws UserError with all that could not be asked; what was read is written nevertheless
 */
export async function resolveImagesLock(options: { readonly lockFile?: string; readonly registryUrl?: (registry: string) => string } = {}): Promise<void> {
  const file = options.lockFile ?? join(root, "images/images.lock");
  const document = parseDocument(readFileSync(file, "utf8"));
  const problems: string[] = [];
  for (const [name, entry] of Object.entries(readImagesLock(file))) {
    if (!entry.pull) continue;
    try {
      const digest = await digestOf(entry, (options.registryUrl ?? registryUrl)(registryOf(entry.image)));
      document.setIn([name, "digest"], digest);
      say(`  ${green("✓")} ${name}: ${pinnedReference({ ...entry, digest })}`);
    } catch (error) {
      problems.push(`${name}: ${reference(entry)}: ${error instanceof Error && error.cause ? messageOf(error.cause) : messageOf(error)}`);
    }
  }
  writeFileSync(file, document.toString({ lineWidth: 0 }));
  if (problems.length > 0) {
    const list = problems.map((problem) => `  - ${problem}`).join("\n");
    throw new UserError(`some digests could not be read and stay as they were:\n${list}`, {
      fix: "run the command again on a machine that reaches these registries",
    });
  }
}

/** @param url address of the registry's API, with a slash at its end */
async function digestOf(entry: LockedImage, url: string): Promise<string> {
  const repository = entry.image.slice(entry.image.indexOf("/") + 1);
  const ask = (token?: string) =>
    fetch(new URL(`${repository}/manifests/${entry.tag}`, url), {
      method: "HEAD",
      headers: { accept: ACCEPT, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      signal: AbortSignal.timeout(LIMIT_MS),
    });
  let response = await ask();
  if (response.status === 401) response = await ask(await anonymousToken(response.headers.get("www-authenticate") ?? "", repository));
  const digest = response.headers.get("docker-content-digest") ?? "";
  if (!response.ok || !/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Error(`the registry answered ${response.status} without a digest`);
  return digest;
}

/** The token that registries give to anyone for reading: https://distribution.github.io/distribution/spec/auth/token/ */
async function anonymousToken(challenge: string, repository: string): Promise<string> {
  const { realm, service, scope } = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]));
  if (realm === undefined) throw new Error("the registry wants a log-in");
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", scope ?? `repository:${repository}:pull`);
  const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
  if (!response.ok) throw new Error(`the registry's token service answered ${response.status}`);
  const body = (await response.json()) as { token?: string; access_token?: string };
  const token = body.token ?? body.access_token;
  if (token === undefined) throw new Error("the registry's token service gave no token");
  return token;
}
