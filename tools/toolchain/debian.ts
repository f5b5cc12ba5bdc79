/** Debian packages unpacked into a cached folder, without installing anything. */
import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, UserError } from "../lib/errors";
import { ExecError } from "../lib/exec";
import { cacheDir } from "../lib/paths";
import { step } from "../lib/progress";
import { apt, refreshLists, requireApt, type Installed } from "./apt";
import { cachedDir, isComplete } from "./cache";

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** Of the .deb file, as the signed package lists give it. */
  readonly sha256: string;
}

export interface DebianRoot {
  /** Holds usr/, etc/ and so on; bin, sbin and lib are links into usr. */
  readonly dir: string;
  readonly packages: readonly DebianPackage[];
}

export interface DebianOptions {
  /** true: with all dependencies, as on a machine that has nothing; "missing": with those that this machine lacks; false: the named packages alone. */
  readonly closure: boolean | "missing";
}

/** What apt would fetch, in its order. */
interface Resolved extends DebianPackage {
  readonly file: string;
}

/**
 * Unpacks `packages`; cached by what apt resolves them to, so a new version of any of them makes a new folder. Scripts of the packages do not run.
 * @param key names the folder, for example "libseccomp"
 * @throws UserError where apt is missing, a package does not exist, or the sources can't be reached and nothing is cached
 */
export async function debianRoot(key: string, packages: readonly string[], options: DebianOptions): Promise<DebianRoot> {
  const base = join(cacheDir, "debian");
  // What was resolved today is not resolved again: the answer of apt takes a second.
  const memo = join(base, `${key}-${digest([packages, options.closure])}.json`);
  const known = read(memo);
  if (known !== undefined && Date.now() - known.time < 24 * 60 * 60 * 1000 && isComplete(known.root.dir)) return known.root;
  const purpose = `Debian packages for ${key}`;
  requireApt(purpose);
  let resolved: readonly Resolved[];
  try {
    await refreshLists(purpose);
    resolved = await resolve(purpose, packages, options.closure);
  } catch (error) {
    if (known !== undefined && isComplete(known.root.dir)) return known.root; // offline: what was resolved on another day is as good
    throw error;
  }
  const list = resolved.map(({ name, version, sha256 }) => ({ name, version, sha256 }));
  const root = { dir: join(base, `${key}-${digest(list)}`), packages: list };
  if (!isComplete(root.dir)) {
    await step(`${purpose}: ${list.length} package${list.length === 1 ? "" : "s"}`, async (note) => {
      await cachedDir(root.dir, { what: purpose }, (temporary) => unpack(purpose, resolved, temporary, note));
    });
  }
  mkdirSync(base, { recursive: true });
  writeFileSync(memo, JSON.stringify({ time: Date.now(), root }));
  return root;
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}

function read(memo: string): { time: number; root: DebianRoot } | undefined {
  try {
    return JSON.parse(readFileSync(memo, "utf8")) as { time: number; root: DebianRoot };
  } catch {
    return undefined;
  }
}

/** Asks apt which files it would fetch: lines of 'URL' FILE SIZE SHA256:… */
async function resolve(purpose: string, packages: readonly string[], closure: DebianOptions["closure"]): Promise<readonly Resolved[]> {
  const installed: Installed = closure === "missing" ? "machine" : "nothing";
  const command = closure === false ? ["download"] : ["install", "--no-install-recommends", "--reinstall", "-o", "Acquire::ForceHash=SHA256"];
  let stdout: string;
  try {
    ({ stdout } = await apt([...command, "--print-uris", ...packages], installed));
  } catch (error) {
    throw new UserError(`${purpose}: apt can't resolve ${packages.join(", ")}: ${messageOf(error)}`, {
      fix: "check that the package sources in /etc/apt include the distribution's main component",
      cause: error,
    });
  }
  const found = [...stdout.matchAll(/^'[^']+' (\S+) \d+ SHA256:([0-9a-f]{64})$/gm)].map(([, file = "", sha256 = ""]) => {
    const [name = "", version = ""] = file.split("_");
    return { file, name, version: decodeURIComponent(version), sha256 };
  });
  if (found.length === 0) throw new Error(`${purpose}: apt names no file for ${packages.join(", ")}:\n${stdout}`);
  return closure === false ? found : found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Fetches the files (apt checks them against its signed lists, and we against what was resolved) and unpacks them into `dir`. */
async function unpack(purpose: string, resolved: readonly Resolved[], dir: string, note: (text: string) => void): Promise<void> {
  const files = join(dir, ".archives");
  mkdirSync(files);
  note("downloading");
  try {
    await apt(["download", ...resolved.map(({ name, version }) => `${name}=${version}`)], "nothing", { cwd: files });
  } catch (error) {
    const text = error instanceof ExecError ? error.result.stderr : messageOf(error);
    const full = /no space left/i.test(text);
    throw new UserError(`${purpose}: ${full ? "no disk space left" : `the download failed: ${messageOf(error)}`}`, {
      fix: full
        ? "free some space (`df -h`) and run the same command again"
        : "check the network and the package sources in /etc/apt, then run the same command again",
      cause: error,
    });
  }
  const sums = new Set(resolved.map(({ sha256 }) => sha256));
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    mkdirSync(join(dir, "usr", name), { recursive: true });
    symlinkSync(`usr/${name}`, join(dir, name));
  }
  for (const [i, name] of readdirSync(files).sort().entries()) {
    note(`${i + 1} of ${resolved.length} unpacked`);
    const file = join(files, name);
    const sum = createHash("sha256").update(readFileSync(file)).digest("hex");
    if (!sums.delete(sum)) throw new Error(`${purpose}: ${name} has SHA-256 ${sum}, which was not resolved`);
    await extract(file, dir);
  }
  if (sums.size > 0) throw new Error(`${purpose}: ${sums.size} packages were not downloaded`);
  rmSync(files, { recursive: true });
}

/** `dpkg-deb --fsys-tarfile FILE | tar -x`: unlike dpkg-deb -x it follows the links of a merged /usr. */
async function extract(file: string, dir: string): Promise<void> {
  const read = spawn("dpkg-deb", ["--fsys-tarfile", file], { stdio: ["ignore", "pipe", "inherit"] });
  const write = spawn("tar", ["-x", "--keep-directory-symlink", "-C", dir], { stdio: ["pipe", "inherit", "inherit"] });
  write.stdin.on("error", () => undefined); // tar's exit status says what went wrong
  read.stdout.pipe(write.stdin);
  const statuses = await Promise.all([read, write].map(async (child) => (await once(child, "close"))[0] as number | null));
  if (statuses.some((status) => status !== 0)) {
    throw new Error(`${file}: unpacking failed (exit codes ${statuses.join(", ")})`);
  }
}
