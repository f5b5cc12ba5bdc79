/** Makes images from packages, cached per user by what decides on their content. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { UserError } from "../tools/lib/errors";
import { withLock } from "../tools/lib/lock";
import { cacheDir, root } from "../tools/lib/paths";
import { say } from "../tools/lib/progress";
import { architecture, writeImage } from "./archive";
import { reference } from "./lock";
import type { Recipe } from "./recipe";
import { recipes } from "./recipes";

export interface MadeImage {
  /** OCI archive. */
  readonly archive: string;
  /** Of the manifest. */
  readonly digest: string;
  /** Bytes of the archive. */
  readonly size: number;
  readonly key: string;
}

interface Named {
  readonly image: string;
  readonly tag: string;
}

/** What a cached archive must be; stands beside it. */
interface CacheRecord {
  readonly digest: string;
  readonly size: number;
  readonly sha256: string;
}

/** Whose change changes every image. */
const COMMON = ["images/archive.ts", "images/tar.ts"];

/** @throws UserError when the image has no recipe */
export function recipeOf(name: string): Recipe {
  const recipe = recipes[name];
  if (!recipe)
    throw new UserError(`image ${name}: there is no recipe that makes it from packages`, {
      fix: `add images/recipes/${name}.ts and list it in images/recipes/index.ts`,
    });
  return recipe;
}

/** Names the content of an image before it is made: a hash of its reference, its recipe, the recipe's inputs, and this machine's architecture. */
export function keyOf(name: string, image: Named, recipe: Recipe = recipeOf(name)): string {
  const hash = createHash("sha256").update(`${reference(image)}\n${architecture}\n`);
  for (const path of [...COMMON, `images/recipes/${name}.ts`, ...recipe.inputs]) {
    const file = join(root, path);
    hash.update(`${path}\n`).update(existsSync(file) ? readFileSync(file) : "");
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * Makes the image, or takes it from the cache after checking every byte of it; a damaged or half-written one is made again.
 * @param options.directory default: the user's cache
 */
export async function makeImage(
  name: string,
  image: Named,
  options: { readonly recipe?: Recipe; readonly directory?: string; readonly note?: (text: string) => void } = {},
): Promise<MadeImage> {
  const recipe = options.recipe ?? recipeOf(name);
  const key = keyOf(name, image, recipe);
  const archive = join(options.directory ?? join(cacheDir, "images"), `${name}-${key}.tar`);
  return withLock(
    `${archive}.lock`,
    async () => {
      const cached = await fromCache(archive);
      if (cached) {
        options.note?.("from the cache");
        return { archive, key, digest: cached.digest, size: cached.size };
      }
      removeLeftovers(archive);
      mkdirSync(dirname(archive), { recursive: true });
      const work = mkdtempSync(`${archive}.`);
      try {
        const written = join(work, "image.tar");
        const spec = await recipe.collect(image, work);
        const { digest } = await writeImage({ reference: reference(image), ...spec }, written);
        const record: CacheRecord = { digest, size: statSync(written).size, sha256: await sha256Of(written) };
        renameSync(written, archive);
        writeFileSync(join(work, "record"), JSON.stringify(record));
        renameSync(join(work, "record"), recordOf(archive)); // last: an archive without its record is not used
        return { archive, key, digest, size: record.size };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        throw new UserError(`image ${name}: no disk space left in ${dirname(archive)}`, {
          fix: "free some space (`df -h`) and run the same command again",
          cause: error,
        });
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
    },
    (pid) => say(`  … image ${name}: process ${pid} makes it, waiting`),
  );
}

async function fromCache(archive: string): Promise<CacheRecord | undefined> {
  if (!existsSync(archive) || !existsSync(recordOf(archive))) return undefined;
  let record: Partial<CacheRecord>;
  try {
    record = JSON.parse(readFileSync(recordOf(archive), "utf8")) as Partial<CacheRecord>;
  } catch {
    return undefined; // written by half: as good as none
  }
  const { digest, size, sha256 } = record;
  if (digest === undefined || size !== statSync(archive).size || sha256 !== (await sha256Of(archive))) {
    say(`  … ${basename(archive)} in the cache is damaged: making it again`);
    return undefined;
  }
  return { digest, size, sha256 };
}

function recordOf(archive: string): string {
  return `${archive}.json`;
}

/** What a killed run left: we hold the lock, so nobody else uses it. */
function removeLeftovers(archive: string): void {
  if (!existsSync(dirname(archive))) return;
  for (const name of readdirSync(dirname(archive))) {
    if (name.startsWith(basename(archive)) && name !== `${basename(archive)}.lock`) rmSync(join(dirname(archive), name), { recursive: true, force: true });
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}
