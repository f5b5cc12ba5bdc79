/** npm packages unpacked into a cached folder, for what only some tests need: nothing of them is installed, and none of their scripts runs. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, UserError } from "../lib/errors";
import { exec } from "../lib/exec";
import { cacheDir } from "../lib/paths";
import { cachedDir } from "./cache";

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** Of the archive, as package-lock.json writes it: `sha512-…`. */
  readonly integrity: string;
}

/** Folder of the package's files. @throws UserError where the registry can't be reached and nothing is cached; Error where the archive is another one */
export async function npmPackage({ name, version, integrity }: NpmPackage, cache: string = cacheDir): Promise<string> {
  const what = `npm package ${name} ${version}`;
  const dir = join(cache, "npm", `${name.replace("/", "+")}-${version}`);
  await cachedDir(dir, { what, files: ["package.json"] }, async (temporary) => {
    const archive = join(temporary, await pack(`${name}@${version}`, temporary, what));
    const got = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
    if (got !== integrity) throw new Error(`${what}: its archive is ${got}, not ${integrity}`);
    await exec("tar", ["-xzf", archive, "-C", temporary, "--strip-components=1"]);
  });
  return dir;
}

/** @returns the archive's name in the folder */
async function pack(spec: string, dir: string, what: string): Promise<string> {
  try {
    const { stdout } = await exec("npm", ["pack", spec, "--json", "--ignore-scripts", "--pack-destination", dir], { cwd: dir, stallMs: 60_000 });
    const [{ filename } = { filename: "" }] = JSON.parse(stdout) as readonly { readonly filename: string }[];
    // Versions of npm differ in how they write the name of a package with a scope.
    return filename.replace(/^@/, "").replace("/", "-");
  } catch (error) {
    throw new UserError(`${what}: the download failed: ${messageOf(error)}`, { fix: "check the network and npm's registry, then run the same command again", cause: error }); // prettier-ignore
  }
}
