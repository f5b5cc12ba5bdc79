/** The Go modules in tools/programs: which versions they pin, and what a build of them depends on. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../lib/paths";
import { go } from "./go";

/** Holds one folder per program, each a Go module. */
export const programsDir = join(root, "tools", "programs");

/** Folder of a program's Go module. @param programs holds those that have no folder of their own */
export function folderOf(spec: { readonly module: string; readonly folder?: string }, programs: string = programsDir): string {
  return spec.folder === undefined ? join(programs, spec.module) : join(root, spec.folder);
}

/** The version of `modulePath` that the go.mod in `dir` requires, as "v1.2.3". @throws Error when it requires none */
export function requiredVersion(dir: string, modulePath: string): string {
  for (const line of readFileSync(join(dir, "go.mod"), "utf8").split("\n")) {
    const [path, version] = line
      .replace(/^require\s/, "")
      .trim()
      .split(/\s+/);
    if (path === modulePath && version?.startsWith("v")) return version;
  }
  throw new Error(`${join(dir, "go.mod")} requires no ${modulePath}`);
}

/** The oldest Go that builds the module in `dir`: its `go` directive, as "1.26.0". */
export function goDirective(dir: string): string {
  return /^go (\S+)$/m.exec(readFileSync(join(dir, "go.mod"), "utf8"))?.[1] ?? "1.0";
}

/** Hash of every file of the module in `dir`, names and contents. */
export function hashOfModule(dir: string): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(dir, { recursive: true, encoding: "utf8" }).sort()) {
    const path = join(dir, file);
    if (!statSync(path).isFile()) continue;
    hash
      .update(`${relative(dir, path)}\0`)
      .update(readFileSync(path))
      .update("\0");
  }
  return hash.digest("hex");
}

/**
 * Directory in Go's module cache of a module that tools/programs/`program`/go.mod requires (downloaded when it is not there yet).
 * @param modulePath for example "sigs.k8s.io/gateway-api"
 */
export async function moduleDir(program: string, modulePath: string): Promise<string> {
  const cwd = join(programsDir, program);
  const version = requiredVersion(cwd, modulePath);
  const { stdout } = await go(["mod", "download", "-json", modulePath], { cwd, what: `Go module ${modulePath} ${version}`, stallMs: 180_000 });
  const { Dir } = JSON.parse(stdout) as { Dir?: string };
  if (Dir === undefined || !existsSync(Dir)) throw new Error(`go mod download ${modulePath}: no folder in ${stdout}`);
  return Dir;
}
