/** The official plugins, where the download host answers: a stalled download is given up after seconds, and an offline answer is kept for a while. */
import { randomBytes } from "node:crypto";
import { createWriteStream, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { exec } from "../lib/exec";
import { cacheDir } from "../lib/paths";

const HOST = "https://get.pulumi.com/releases/plugins";
const PROBE_MS = 4000;
const STALL_MS = 8000;
const OFFLINE_FOR_MS = 60 * 60_000;

const architecture = process.arch === "x64" ? "amd64" : process.arch;
const archiveOf = (name: string, version: string): string => `${HOST}/pulumi-resource-${name}-v${version}-${process.platform}-${architecture}.tar.gz`;

export interface DownloadOptions {
  /** For tests. @default the system's fetch */
  readonly fetch?: typeof fetch;
  /** File whose age says when the host did not answer. */
  readonly offlineMark?: string;
  readonly now?: number;
}

/** Asks once per run, and not at all within an hour of a failure. */
export class DownloadHost {
  #answer: Promise<boolean> | undefined;
  readonly #fetch: typeof fetch;
  readonly #mark: string;

  constructor(readonly options: DownloadOptions = {}) {
    this.#fetch = options.fetch ?? fetch;
    this.#mark = options.offlineMark ?? join(cacheDir, "plugins", "offline");
  }

  available(name: string, version: string): Promise<boolean> {
    return (this.#answer ??= this.#probe(archiveOf(name, version)));
  }
  async #probe(url: string): Promise<boolean> {
    const failedAt = statSync(this.#mark, { throwIfNoEntry: false })?.mtimeMs;
    if (failedAt !== undefined && (this.options.now ?? Date.now()) - failedAt < OFFLINE_FOR_MS) return false;
    try {
      const answer = await this.#fetch(url, { method: "HEAD", signal: AbortSignal.timeout(PROBE_MS) });
      if (answer.ok) {
        rmSync(this.#mark, { force: true });
        return true;
      }
    } catch {
      // no way there, or it hangs
    }
    this.#remember();
    return false;
  }
  #remember(): void {
    mkdirSync(join(this.#mark, ".."), { recursive: true });
    writeFileSync(this.#mark, "the download host of the Pulumi plugins did not answer; asked again after an hour, or when this file is removed\n");
  }

  /** Downloads a plugin and lets the CLI install it into `pulumiHome`. @returns false where it could not be had */
  async install(pulumi: string, pulumiHome: string, name: string, version: string): Promise<boolean> {
    if (!(await this.available(name, version))) return false;
    const file = join(pulumiHome, `${name}-${randomBytes(4).toString("hex")}.tar.gz`);
    mkdirSync(pulumiHome, { recursive: true });
    const stalled = new AbortController();
    let timer = setTimeout(() => stalled.abort(), STALL_MS);
    try {
      const answer = await this.#fetch(archiveOf(name, version), { signal: stalled.signal });
      if (!answer.ok || !answer.body) return false;
      const heard = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          clearTimeout(timer);
          timer = setTimeout(() => stalled.abort(), STALL_MS);
          done(null, chunk);
        },
      });
      await pipeline(Readable.fromWeb(answer.body), heard, createWriteStream(file), { signal: stalled.signal });
      await exec(pulumi, ["plugin", "install", "resource", name, version, "--file", file], {
        env: { ...process.env, PULUMI_HOME: pulumiHome, PULUMI_SKIP_UPDATE_CHECK: "true" },
        timeoutMs: 60_000,
      });
      return true;
    } catch {
      this.#remember();
      this.#answer = Promise.resolve(false);
      return false;
    } finally {
      clearTimeout(timer);
      rmSync(file, { force: true });
    }
  }
}
