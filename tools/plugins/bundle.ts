/** Makes each plugin one JavaScript file, so that it starts in about 0.1 s. Kept in the user's cache by content. */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, root } from "../lib/paths";

/** Entry points, and what the engine calls the executable. */
const PLUGINS = {
  nodejs: { entry: "language-host.ts", executable: "pulumi-language-nodejs" },
  kubernetes: { entry: "kubernetes/main.ts", executable: "pulumi-resource-kubernetes" },
  random: { entry: "random.ts", executable: "pulumi-resource-random" },
  command: { entry: "command.ts", executable: "pulumi-resource-command" },
} as const;
export type PluginName = keyof typeof PLUGINS;
export const executableOf = (name: PluginName): string => PLUGINS[name].executable;

/** Version of an installed npm package. */
export const versionOf = (name: string): string => {
  const manifest = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")) as { version: string };
  return manifest.version.replace(/^v/, "");
};

/** Everything that a bundle depends on. */
function contentHash(): string {
  const hash = createHash("sha256");
  for (const file of globSync("**/*.ts", { cwd: __dirname }).sort())
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(__dirname, file)))
      .update("\0");
  for (const name of ["@grpc/grpc-js", "@pulumi/pulumi", "esbuild", "google-protobuf", "yaml"]) hash.update(`${name}@${versionOf(name)}\0`);
  return hash.digest("hex").slice(0, 16);
}

/** @returns directory with `<plugin>.js` for each plugin */
export async function bundle(): Promise<string> {
  const directory = join(cacheDir, "plugins", contentHash());
  if (existsSync(directory)) return directory;
  const { build } = await import("esbuild");
  const temporary = `${directory}.${process.pid}.${randomBytes(3).toString("hex")}`;
  mkdirSync(temporary, { recursive: true });
  try {
    await build({
      absWorkingDir: root,
      entryPoints: Object.fromEntries(Object.entries(PLUGINS).map(([name, { entry }]) => [name, join(__dirname, entry)])),
      outdir: temporary,
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      minify: true,
      keepNames: true,
      logLevel: "error",
    });
    try {
      renameSync(temporary, directory);
    } catch (error) {
      if (!existsSync(directory)) throw error; // else another run was first, with the same content
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return directory;
}
