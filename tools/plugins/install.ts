/** Puts the plugins where the engine looks for them: the user's own, else the official download, else the stand-ins of this folder. */
import { chmodSync, existsSync, lstatSync, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { withLock } from "../lib/lock";
import { bundle, executableOf, versionOf, type PluginName } from "./bundle";
import { DownloadHost } from "./download";

export interface InstalledPlugin {
  readonly name: PluginName;
  /** The version of the SDK in node_modules; what else is found on PATH has its own. */
  readonly version: string;
  readonly source: "yours" | "downloaded" | "stand-in";
  /** Holds its executable. */
  readonly dir: string;
}

export interface InstalledPlugins {
  readonly plugins: readonly InstalledPlugin[];
  /** Directories that belong in front of PATH: that of the language host, where it is not on PATH or beside the CLI. */
  readonly path: readonly string[];
}

export interface InstallOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly host?: Pick<DownloadHost, "install">;
  /** Stand-ins only, for their tests. */
  readonly standInsOnly?: boolean;
}

const RESOURCES = ["kubernetes", "random", "command"] as const;
/** Tells a stand-in from an official plugin. */
const MARK = ".stand-in";

/** The directory of `executable` on PATH. */
const onPath = (executable: string, env: NodeJS.ProcessEnv): string | undefined =>
  (env.PATH ?? "").split(delimiter).find((dir) => dir !== "" && existsSync(join(dir, executable)));
const isStandIn = (dir: string): boolean => existsSync(join(dir, MARK));
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** Installs all plugins for `pulumi` under `pulumiHome`; a second run changes nothing. */
export async function installPlugins(pulumi: string, pulumiHome: string, options: InstallOptions = {}): Promise<InstalledPlugins> {
  mkdirSync(pulumiHome, { recursive: true });
  return withLock(join(pulumiHome, "plugins.lock"), async () => {
    const host = options.host ?? new DownloadHost();
    const plugins: InstalledPlugin[] = [await languageHost(pulumi, pulumiHome, options)];
    for (const name of RESOURCES) plugins.push(await resourcePlugin(name, pulumi, pulumiHome, host, options));
    return { plugins, path: plugins.filter((plugin) => plugin.name === "nodejs" && plugin.source === "stand-in").map((plugin) => plugin.dir) };
  });
}

async function languageHost(pulumi: string, pulumiHome: string, options: InstallOptions): Promise<InstalledPlugin> {
  const [executable, version] = [executableOf("nodejs"), versionOf("@pulumi/pulumi")];
  if (!options.standInsOnly) {
    // The official CLI comes with it in its own folder.
    const own = [existsSync(pulumi) ? dirname(realpathSync(pulumi)) : "", onPath(executable, options.env ?? process.env) ?? ""].find(
      (dir) => dir !== "" && existsSync(join(dir, executable)) && !isStandIn(dir),
    );
    if (own) return { name: "nodejs", version, source: "yours", dir: own };
  }
  const dir = join(pulumiHome, "standins");
  await writeStandIn("nodejs", version, dir);
  return { name: "nodejs", version, source: "stand-in", dir };
}

async function resourcePlugin(
  name: (typeof RESOURCES)[number],
  pulumi: string,
  pulumiHome: string,
  host: Pick<DownloadHost, "install">,
  options: InstallOptions,
): Promise<InstalledPlugin> {
  const [env, version] = [options.env ?? process.env, versionOf(`@pulumi/${name}`)];
  const folder = `resource-${name}-v${version}`;
  const dir = join(pulumiHome, "plugins", folder);
  const known = { name, version, dir };
  if (!options.standInsOnly) {
    const theirs = join(env.PULUMI_HOME ?? join(env.HOME ?? homedir(), ".pulumi"), "plugins", folder);
    if (theirs !== dir && existsSync(join(theirs, executableOf(name))) && !isStandIn(theirs)) {
      replaceWith(dir, (temporary) => symlinkSync(theirs, temporary));
      return { ...known, source: "yours" };
    }
    const ambient = onPath(executableOf(name), env);
    if (ambient) {
      if (isThere(dir) && isStandIn(dir)) rmSync(dir, { recursive: true });
      return { ...known, source: "yours", dir: ambient };
    }
    if (existsSync(join(dir, executableOf(name))) && !isStandIn(dir)) return { ...known, source: "downloaded" };
    const before = isThere(dir) ? `${dir}.before` : undefined;
    if (before) moveAside(dir, before);
    if (await host.install(pulumi, pulumiHome, name, version)) {
      if (before) rmSync(before, { recursive: true, force: true });
      return { ...known, source: "downloaded" };
    }
    if (before) moveAside(before, dir);
  }
  await writeStandIn(name, version, dir);
  return { ...known, source: "stand-in" };
}

function moveAside(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  renameSync(from, to);
}

/** Makes something beside `path` and puts it in its place, so that a killed run leaves the old or the new one. */
function replaceWith(path: string, make: (temporary: string) => void): void {
  const temporary = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  rmSync(temporary, { recursive: true, force: true });
  make(temporary);
  moveAside(temporary, path);
}

/** A launcher that runs the bundle with the Node that runs us. */
async function writeStandIn(name: PluginName, version: string, dir: string): Promise<void> {
  const bundles = await bundle();
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const environment = `OAP_PLUGIN_VERSION=${quote(version)} NODE_COMPILE_CACHE=${quote(join(bundles, "v8"))} NODE_OPTIONS=`;
  const launcher = `#!/bin/sh\n${environment} exec ${quote(process.execPath)} ${quote(join(bundles, `${name}.js`))} "$@"\n`;
  replaceWith(dir, (temporary) => {
    mkdirSync(temporary, { recursive: true });
    writeFileSync(join(temporary, executableOf(name)), launcher);
    chmodSync(join(temporary, executableOf(name)), 0o755);
    writeFileSync(join(temporary, MARK), "stand-in of an official Pulumi plugin; see docs/adr/0002-plugin-stand-ins.md\n");
  });
}
