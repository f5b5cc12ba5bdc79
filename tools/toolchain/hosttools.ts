/** Programs that kube-proxy, the CNI plugins and the node's set-up start: the machine's own where they are, else from Debian packages. */
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { createHash } from "node:crypto";
import { exec } from "../lib/exec";
import { UserError } from "../lib/errors";
import { cacheDir } from "../lib/paths";
import { cachedDir } from "./cache";
import { debianRoot, type DebianRoot } from "./debian";
import { systemDirs, which } from "./which";

/** Debian package of each program. */
const packageOf = {
  iptables: "iptables",
  "iptables-save": "iptables",
  "iptables-restore": "iptables",
  ip6tables: "iptables",
  "ip6tables-save": "iptables",
  "ip6tables-restore": "iptables",
  conntrack: "conntrack",
  ip: "iproute2",
  nsenter: "util-linux",
  unshare: "util-linux",
} as const;

export type HostTool = keyof typeof packageOf;
export const hostToolNames = Object.keys(packageOf) as readonly HostTool[];

export interface HostTools {
  /** Folders to put before PATH. */
  readonly path: readonly string[];
  /** Whole environment for processes that use them: ours, with PATH extended. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Makes sure that the named programs can be run; nothing is installed.
 * @throws UserError when one is missing and can't be had from packages
 */
export async function hostTools(names: readonly HostTool[] = hostToolNames): Promise<HostTools> {
  const search = [...(process.env.PATH ?? "").split(delimiter), ...systemDirs];
  const missing = names.filter((name) => which(name, search) === undefined);
  const path = new Set<string>();
  if (missing.length > 0) path.add(await wrappers(missing));
  // An ordinary user's PATH lacks the folders of administration tools: add those that hold one of ours.
  for (const name of names) {
    const file = missing.includes(name) ? undefined : which(name, search);
    if (file !== undefined && systemDirs.some((dir) => dir === dirname(file))) path.add(dirname(file));
  }
  return { path: [...path], env: { ...process.env, PATH: [...path, process.env.PATH ?? ""].join(delimiter) } };
}

/** A folder of scripts that start the unpacked programs with their own libraries. */
async function wrappers(names: readonly HostTool[]): Promise<string> {
  const packages = [...new Set(names.map((name) => packageOf[name]))].sort();
  const root = await debianRoot("host-tools", packages, { closure: "missing" });
  const text = await Promise.all(names.map(async (name) => [name, await script(name, root)] as const));
  const key = createHash("sha256").update(JSON.stringify(text)).digest("hex").slice(0, 16);
  const dir = join(cacheDir, "debian", `host-tools-scripts-${key}`);
  await cachedDir(dir, { what: "scripts for host tools", files: names }, (temporary) => {
    mkdirSync(temporary, { recursive: true });
    for (const [name, content] of text) {
      writeFileSync(join(temporary, name), content);
      chmodSync(join(temporary, name), 0o755);
    }
    return Promise.resolve();
  });
  return dir;
}

async function script(name: HostTool, root: DebianRoot): Promise<string> {
  const libraries = librariesOf(root);
  const command = packageOf[name] === "iptables" ? `${await iptablesProgram(root, libraries)} ${name}` : programIn(root, name);
  const xtables = libraries.map((dir) => join(dir, "xtables")).find((dir) => existsSync(dir));
  return [
    "#!/bin/sh",
    `export LD_LIBRARY_PATH=${libraries.join(":")}`,
    ...(xtables === undefined ? [] : [`export XTABLES_LIBDIR=${xtables}`]),
    `exec ${command} "$@"`,
    "",
  ].join("\n");
}

/** usr/lib and the folder of the machine's architecture in it. */
function librariesOf({ dir }: DebianRoot): readonly string[] {
  const base = join(dir, "usr", "lib");
  const architectures = readdirSync(base).filter((name) => name.endsWith("-linux-gnu") || name.includes("-linux-gnueabi"));
  return [...architectures.map((name) => join(base, name)), base];
}

function programIn({ dir, packages }: DebianRoot, name: string): string {
  const found = which(
    name,
    ["usr/sbin", "usr/bin"].map((folder) => join(dir, folder)),
  );
  if (found !== undefined) return found;
  throw new UserError(`${name}: not in the Debian packages ${packages.map((p) => p.name).join(", ")}`, { fix: `install ${name} and put it on PATH` });
}

/** The variant of iptables that the kernel supports: nftables where it can, else the older interface. Tried in a network namespace that ends with the try. */
async function iptablesProgram(root: DebianRoot, libraries: readonly string[]): Promise<string> {
  const nft = programIn(root, "xtables-nft-multi");
  if (process.getuid?.() !== 0) return nft;
  const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(":"), PATH: [process.env.PATH, ...systemDirs].join(delimiter) };
  const { code } = await exec("unshare", ["--net", nft, "iptables", "-t", "nat", "-L", "-n"], { env, allowFailure: true, timeoutMs: 10_000 });
  return code === 0 ? nft : programIn(root, "xtables-legacy-multi");
}
