/** Manifests of a stack: one file per object, the same bytes each time, no secret, no cluster needed. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { stringify } from "yaml";
import { UserError } from "../lib/errors";
import { exec } from "../lib/exec";
import { root } from "../lib/paths";
import type { Configuration } from "../stack/embedded";
import { entriesOf } from "../stack/workspace";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** Names all files for kustomize; its first line says whose folder it is. */
const index = "kustomization.yaml";
const header = "# Made by `make render`: files here that it does not make any more are removed.\n";

/** All objects of a stack, Secrets with content aside, in the order of their files. @throws UserError with what the program says where the configuration is wrong */
export async function manifestsOf(stack: string, config: Configuration): Promise<readonly Manifest[]> {
  const dir = mkdtempSync(join(tmpdir(), "oap-render-"));
  try {
    const file = join(dir, "objects.json");
    const { code, stderr } = await exec(process.execPath, ["--import", "tsx", join(__dirname, "record.ts"), stack, file], {
      cwd: root,
      input: JSON.stringify(entriesOf(config)),
      allowFailure: true,
      env: { ...process.env, PULUMI_CONFIG_SECRET_KEYS: "[]" },
    });
    if (code === 65) throw new UserError(stderr.trim());
    if (code !== 0 || !existsSync(file)) throw new Error(`the program did not register all objects (exit code ${code}): ${stderr.trim()}`);
    return ordered(JSON.parse(readFileSync(file, "utf8")) as readonly Manifest[]);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** In the order of their files. @throws Error for what must not be written: a Secret's content, or two objects that would be one file */
export function ordered(objects: readonly Manifest[]): readonly Manifest[] {
  // One without content asks the cluster to put a token in: it holds no secret.
  const secret = objects.find(({ kind, data, stringData }) => kind === "Secret" && (data ?? stringData) !== undefined);
  if (secret) throw new Error(`Secret ${secret.metadata.name} would be rendered although secrets.source is external`);
  const sorted = [...objects].sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
  const twice = sorted.find((object, i) => i > 0 && pathOf(object) === pathOf(sorted[i - 1] ?? object));
  if (twice) throw new Error(`two objects would be in ${pathOf(twice)}`);
  return sorted;
}

/** `ai-production/deployment-ollama.yaml`, `cluster/namespace-ai-production.yaml` */
export function pathOf({ kind, metadata }: Manifest): string {
  return join(metadata.namespace ?? "cluster", `${kind.toLowerCase()}-${metadata.name}.yaml`);
}

/** The same text for the same object: keys in order, no line folded; words that YAML 1.1, which kubectl reads, takes for a boolean are quoted: `updateMode: Off`. */
export function textOf(manifest: Manifest): string {
  return stringify(manifest, { version: "1.1", sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });
}

/** `namespace/name` of the Secrets without content: each asks the cluster for a service account's token. */
export function tokenSecrets(manifests: readonly Manifest[]): readonly string[] {
  return manifests.filter(({ kind }) => kind === "Secret").map(({ metadata: { namespace = "", name } }) => `${namespace}/${name}`);
}

/** References of containers' images and image volumes that a registry may change under the same name; each once. */
export function imagesWithoutDigest(manifests: readonly Manifest[]): readonly string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, one] of Object.entries(value)) {
      if ((key === "image" || key === "reference") && typeof one === "string" && !one.includes("@")) found.add(one);
      visit(one);
    }
  };
  visit(manifests);
  return [...found].sort();
}

/** Writes the files and an index of them for kustomize. @throws UserError where the folder holds something else */
export function write(manifests: readonly Manifest[], out: string): void {
  const there = filesBelow(out);
  if (there.length > 0 && !(existsSync(join(out, index)) && readFileSync(join(out, index), "utf8").startsWith(header))) {
    throw new UserError(`OUT=${out}: the folder has files that make render did not write`, { fix: "name an empty or a new folder" });
  }
  const wanted = new Map(ordered(manifests).map((manifest) => [pathOf(manifest), textOf(manifest)]));
  // The index says whose the folder is, so it comes first.
  mkdirSync(out, { recursive: true });
  const resources = [...wanted.keys()];
  writeFileSync(join(out, index), header + stringify({ apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources }, { lineWidth: 0 }));
  for (const file of there) if (file !== index && !wanted.has(file)) rmSync(join(out, file));
  for (const [path, text] of wanted) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), text);
  }
}

function filesBelow(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)));
}
