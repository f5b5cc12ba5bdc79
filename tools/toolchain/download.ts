/** Official downloads: checked against the publisher's checksums, given up when nothing arrives, and not tried again for a while after that. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { arch, platform } from "node:os";
import { basename, join } from "node:path";
import { messageOf } from "../lib/errors";
import { exec } from "../lib/exec";
import { cacheDir } from "../lib/paths";

export interface Download {
  /** A .tar.gz. */
  readonly url: string;
  /** A text of lines "SHA256  FILE". */
  readonly checksums: string;
  /** Leading path parts of the archive that are left out. */
  readonly strip: number;
}

/** Pulumi's release: the CLI and its language hosts. */
export function pulumiRelease(version: string): Download {
  const base = `https://github.com/pulumi/pulumi/releases/download/${version}`;
  const cpu = arch() === "arm64" ? "arm64" : "x64";
  return { url: `${base}/pulumi-${version}-${platform()}-${cpu}.tar.gz`, checksums: `${base}/pulumi-${version.slice(1)}-checksums.txt`, strip: 1 };
}

export interface FetchOptions {
  /** Give up when no byte arrived for this long; default 4 s. */
  readonly stallMs?: number;
}

/** Writes what `url` serves to `file`. @throws Error that says why it was given up */
export async function fetchFile(url: string, file: string, options: FetchOptions = {}): Promise<void> {
  const stallMs = options.stallMs ?? 4000;
  const controller = new AbortController();
  const give = () => {
    controller.abort(new Error(`nothing arrived for ${stallMs / 1000} s`));
  };
  let timer = setTimeout(give, stallMs);
  const output = await open(file, "w");
  try {
    const response = await fetch(url, { signal: controller.signal });
    if (!response.ok || response.body === null) throw new Error(`HTTP status ${response.status}`);
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = setTimeout(give, stallMs);
      await output.write(chunk);
    }
  } catch (error) {
    // fetch() hides the reason in `cause`: "fetch failed" alone helps nobody.
    const reason = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) || error.message : messageOf(error);
    throw new Error(reason, { cause: error });
  } finally {
    clearTimeout(timer);
    await output.close();
  }
}

/** Downloads, checks and unpacks into `dir`. @throws Error that says why not */
export async function download(what: Download, dir: string, options: FetchOptions = {}): Promise<void> {
  const [sums, archive] = [join(dir, ".checksums"), join(dir, ".archive")];
  try {
    await fetchFile(what.checksums, sums, options);
    const line = readFileSync(sums, "utf8")
      .split("\n")
      .map((text) => text.trim().split(/\s+\*?/))
      .find(([, file]) => file === basename(new URL(what.url).pathname));
    if (line?.[0] === undefined) throw new Error("the publisher's checksums do not list it");
    await fetchFile(what.url, archive, options);
    const sum = createHash("sha256").update(readFileSync(archive)).digest("hex");
    if (sum !== line[0]) throw new Error(`its SHA-256 is ${sum}, the publisher says ${line[0]}`);
    await exec("tar", ["-xzf", archive, "-C", dir, `--strip-components=${what.strip}`]);
  } finally {
    rmSync(sums, { force: true });
    rmSync(archive, { force: true });
  }
}

/** How long a host that did not serve a download is not asked again. */
const rememberMs = 60 * 60 * 1000;

const failureFile = (host: string, dir: string) => join(dir, "unreachable", encodeURIComponent(host));

/** Why the host of `url` was given up within the last hour; undefined when it is worth a try. */
export function recentFailure(url: string, dir: string = cacheDir): string | undefined {
  try {
    const { time, reason } = JSON.parse(readFileSync(failureFile(new URL(url).host, dir), "utf8")) as { time: number; reason: string };
    return Date.now() - time < rememberMs ? reason : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers that the host of `url` did not serve it. */
export function rememberFailure(url: string, reason: string, dir: string = cacheDir): void {
  mkdirSync(join(dir, "unreachable"), { recursive: true });
  writeFileSync(failureFile(new URL(url).host, dir), JSON.stringify({ time: Date.now(), reason }));
}
