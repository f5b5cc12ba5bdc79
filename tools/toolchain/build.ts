/** Builds a program of the catalogue from Go modules. */
import { basename, join } from "node:path";
import { symlinkSync } from "node:fs";
import { go, type GoOptions } from "./go";
import type { ProgramSpec } from "./programs";

/** File names that a build of `spec` leaves, links not counted. */
export function executablesOf(spec: ProgramSpec): readonly string[] {
  return spec.packages.map((path) => (path === "." ? spec.module : basename(path)));
}

/** Arguments of `go build` without the output: part of the cache key, so that a changed flag builds anew. */
export function buildArguments(spec: ProgramSpec, version: string): readonly string[] {
  return ["-trimpath", ...tagsOf(spec), "-ldflags", ["-s", "-w", ...(spec.ldflags?.(version) ?? [])].join(" ")];
}

/** All packages that go into `spec`; downloads the modules that hold them. Given up when nothing arrives for 3 minutes, enough for the largest module on a slow line. */
export async function listPackages(spec: ProgramSpec, options: GoOptions): Promise<ReadonlySet<string>> {
  const env = { CGO_ENABLED: spec.cgo === undefined ? "0" : "1", ...options.env };
  const { stdout } = await go(["list", "-deps", ...tagsOf(spec), ...spec.packages], { stallMs: 180_000, ...options, env });
  return new Set(stdout.trim().split("\n"));
}

const tagsOf = (spec: ProgramSpec) => (spec.tags === undefined ? [] : ["-tags", spec.tags.join(",")]);

export interface BuildOptions {
  /** Folder of the Go module. */
  readonly source: string;
  /** As in go.mod: "v1.2.3". */
  readonly version: string;
  readonly logFile: string;
  /** Told what is left: "412 of 1100 packages". */
  readonly note: (text: string) => void;
  /** Give up when nothing was downloaded for this long, ms; default as in listPackages. */
  readonly stallMs?: number;
}

/** Builds all executables of `spec` into `dir`, and makes its links. */
export async function build(spec: ProgramSpec, dir: string, options: BuildOptions): Promise<void> {
  const { source, version, logFile, note } = options;
  const common: GoOptions = {
    cwd: source,
    logFile,
    what: `${spec.name} ${version.slice(1)}`,
    env: spec.cgo === undefined ? {} : await spec.cgo(),
  };
  let downloads = 0;
  const downloading = (line: string) => {
    if (line.startsWith("go: downloading ")) note(`${++downloads} modules downloaded`);
  };
  const packages = await listPackages(spec, { ...common, onLine: downloading, ...(options.stallMs === undefined ? {} : { stallMs: options.stallMs }) });
  let compiled = 0;
  // With -v Go prints each package that it compiles; those in Go's own cache are not printed.
  const compiling = (line: string) => {
    if (packages.has(line)) note(`${++compiled} of ${packages.size} packages`);
  };
  await go(["build", "-v", ...buildArguments(spec, version), "-o", `${dir}/`, ...spec.packages], { ...common, onLine: compiling });
  for (const [name, target] of Object.entries(spec.links ?? {})) symlinkSync(target, join(dir, name));
}
