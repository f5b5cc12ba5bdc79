/** Finds one program: the user's own, a cached one, the official download, or built from packages. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { messageOf } from "../lib/errors";
import { exec } from "../lib/exec";
import { cacheDir, logDir, root } from "../lib/paths";
import { dim, green, say, step } from "../lib/progress";
import { build, buildArguments, executablesOf, listPackages } from "./build";
import { cachedDir, isComplete } from "./cache";
import { download, recentFailure, rememberFailure } from "./download";
import { go } from "./go";
import { folderOf, hashOfModule, programsDir, requiredVersion } from "./gomod";
import type { OwnProgram, ProgramSpec } from "./programs";
import { atLeast, versionIn } from "./versions";
import { which } from "./which";

export type Source = "yours" | "downloaded" | "built" | "cached";

export interface Found {
  /** Without "v": "3.259.0". */
  readonly version: string;
  /** Holds the executables. */
  readonly dir: string;
  readonly source: Source;
}

/** Where things are; tests put their own here. */
export interface Context {
  /** Holds a folder per Go module. */
  readonly programsDir: string;
  readonly cacheDir: string;
  readonly logDir: string;
  /** "(2 of 8)", shown behind the name of what is made. */
  readonly position?: string;
  /** Give up when a download or a program of the user gives no sign for this long, ms. */
  readonly stallMs?: number;
}

export const defaultContext: Context = { programsDir, cacheDir, logDir };

/** @throws UserError when it can't be had, with the fix */
export async function ensureProgram(spec: ProgramSpec, context: Context = defaultContext): Promise<Found> {
  const source = folderOf(spec, context.programsDir);
  const goVersion = spec.versionOf === undefined ? "v0.1.0" : requiredVersion(source, spec.versionOf);
  const version = goVersion.slice(1);
  const done = (how: string, text = "") => {
    say(`  ${green("✓")} ${spec.name} ${how}${text && ` ${dim(text)}`}`);
  };

  const own = spec.own === undefined ? undefined : await findOwn(spec.own, context);
  if (own?.good) {
    done(`${own.version}: yours`, own.path);
    return { version: own.version, dir: dirname(own.path), source: "yours" };
  }
  const notes = own === undefined ? [] : [`yours, ${own.path}, is ${own.version}, older than ${spec.own?.minimum ?? ""}`];

  const cached = (dir: string): Found => {
    done(`${version}: cached`, notes.join("; "));
    return { version, dir, source: "cached" };
  };
  const official = join(context.cacheDir, "programs", `${spec.name}-${version}-official`);
  if (isComplete(official, spec.own === undefined ? [] : [spec.own.executable])) return cached(official);
  const built = await builtDir(spec, source, goVersion, context);
  if (isComplete(built, executablesOf(spec))) return cached(built);

  const reason = await tryDownload(spec, goVersion, official, context);
  if (reason === "") return { version, dir: official, source: "downloaded" };
  if (reason !== undefined) notes.push(`no official download: ${reason}`);

  const made = await step([spec.name, version, context.position].filter(Boolean).join(" "), async (note) => {
    const logFile = join(context.logDir, `build-${spec.name}.log`);
    const make = (dir: string) => {
      rmSync(logFile, { force: true });
      return build(spec, dir, { source, version: goVersion, logFile, note, ...(context.stallMs === undefined ? {} : { stallMs: context.stallMs }) });
    };
    const fresh = await cachedDir(built, { what: `${spec.name} ${version}`, files: executablesOf(spec) }, make);
    note([fresh ? "built from packages" : "built by another process", ...notes].join("; "));
    return fresh;
  });
  return { version, dir: built, source: made ? "built" : "cached" };
}

/** Downloads the Go modules of what will be built, while something else is built. A failure is met again, and reported, by the build itself. */
export async function prefetch(specs: readonly ProgramSpec[], signal: AbortSignal, context: Context = defaultContext): Promise<void> {
  for (const spec of specs) {
    // What may be the user's own or downloaded needs no modules.
    if (spec.own !== undefined || spec.download !== undefined) continue;
    try {
      const source = folderOf(spec, context.programsDir);
      const version = spec.versionOf === undefined ? "v0.1.0" : requiredVersion(source, spec.versionOf);
      if (isComplete(await builtDir(spec, source, version, context), executablesOf(spec))) continue;
      await listPackages(spec, { cwd: source, what: spec.name, signal });
    } catch {
      if (signal.aborted) return;
    }
  }
}

/** Name of the folder of a build: it changes with everything that the executables depend on. */
async function builtDir(spec: ProgramSpec, source: string, goVersion: string, context: Context): Promise<string> {
  const { stdout } = await go(["env", "GOVERSION", "GOOS", "GOARCH"], { what: `${spec.name} ${goVersion}`, timeoutMs: 30_000 });
  const key = createHash("sha256")
    .update(JSON.stringify([hashOfModule(source), buildArguments(spec, goVersion), Object.entries(spec.links ?? {}), spec.cgo && cFlags(), stdout]))
    .digest("hex")
    .slice(0, 16);
  return join(context.cacheDir, "programs", `${spec.name}-${goVersion.slice(1)}-${key}`);
}

/** What decides the flags of C compilers. */
const cFlags = () => ["cgo.ts", "pkg-config.sh"].map((name) => readFileSync(join(__dirname, name), "utf8"));

/** The user's own copy on PATH; `good` when it is new enough. A copy that prints no version within seconds counts as none. */
async function findOwn(own: OwnProgram, context: Context): Promise<{ path: string; version: string; good: boolean } | undefined> {
  const path = which(own.executable);
  if (path === undefined || path.startsWith(root + sep)) return undefined;
  // Pulumi writes to its home even when it only prints its version: give it one for the moment, not the user's.
  const home = join(context.cacheDir, `own-version-${process.pid}`);
  try {
    const env = { ...process.env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const { stdout } = await exec(path, own.versionArgs, { timeoutMs: context.stallMs ?? 5000, env });
    const version = versionIn(stdout);
    return version === undefined ? undefined : { path, version, good: atLeast(version, own.minimum) };
  } catch {
    return undefined;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Returns "" when it was downloaded, the reason when not, undefined when there is no official download. */
async function tryDownload(spec: ProgramSpec, goVersion: string, dir: string, context: Context): Promise<string | undefined> {
  const what = spec.download?.(goVersion);
  if (what === undefined) return undefined;
  const failed = recentFailure(what.url, context.cacheDir);
  if (failed !== undefined) return failed;
  const version = goVersion.slice(1);
  const files = spec.own === undefined ? [] : [spec.own.executable];
  const start = Date.now();
  try {
    await cachedDir(dir, { what: `${spec.name} ${version}`, files }, (temporary) =>
      download(what, temporary, context.stallMs === undefined ? {} : { stallMs: context.stallMs }),
    );
    say(`  ${green("✓")} ${spec.name} ${version}: official download ${dim(`(${Math.round((Date.now() - start) / 1000)} s)`)}`);
    return "";
  } catch (error) {
    const reason = messageOf(error);
    rememberFailure(what.url, reason, context.cacheDir);
    return reason;
  }
}
