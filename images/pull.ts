/** Pulling from registries, on the host's side: the cluster's own network has no way out. */
import * as http from "node:http";
import * as https from "node:https";
import { messageOf } from "../tools/lib/errors";
import type { Cluster } from "../tools/cluster/types";
import { architecture } from "./archive";
import { reference, registryOf, type LockedImage } from "./lock";

/** What images need of a cluster. */
export type ImageHost = Pick<Cluster, "dir" | "flavor" | "ctr">;

/** A download that shows no new bytes for this long is given up. */
const STALL_MS = 15_000;

/** Address of a registry's API. Docker Hub's is not at its name. */
export function registryUrl(registry: string): string {
  return `https://${registry === "docker.io" ? "registry-1.docker.io" : registry}/v2/`;
}

/**
 * Asks whether a registry is there. 200 and 401 (it wants a token first) are a registry's answers; anything else is a proxy's or a firewall's.
 * @returns undefined when it is, else why not
 */
export function probe(url: string, limitMs = 3000): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const { hostname, protocol } = new URL(url);
  const { Agent, request } = protocol === "https:" ? https : http;
  const call = request(url, { agent: new Agent({ proxyEnv: process.env }) }, (response) => {
    response.destroy();
    resolve([200, 401].includes(response.statusCode ?? 0) ? undefined : `${hostname} answered ${response.statusCode}`);
  });
  const limit = setTimeout(() => {
    resolve(`${hostname} did not answer within ${limitMs / 1000} s`);
    call.destroy();
  }, limitMs);
  call.on("error", (error: NodeJS.ErrnoException) => resolve(`${hostname} cannot be reached: ${error.code ?? error.message}`));
  call.on("close", () => clearTimeout(limit));
  call.end();
  return promise;
}

/**
 * Pulls an image into the cluster's containerd: by digest where images.lock has one, else by tag.
 * @returns undefined when it is there under its tag, else why not
 */
export async function pull(entry: LockedImage, cluster: ImageHost, note: (text: string) => void, stallMs = STALL_MS): Promise<string | undefined> {
  const wanted = entry.digest === "unresolved" ? reference(entry) : `${entry.image}@${entry.digest}`;
  const stalled = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let total = "";
  const onLine = (line: string) => {
    const now = /total:\s+([\d.]+ \S+)/.exec(line)?.[1] ?? total;
    const unpacking = line.startsWith("unpacking "); // everything is here: what follows takes as long as the disk does
    if (now === total && timer && !unpacking) return;
    total = now;
    clearTimeout(timer);
    if (unpacking) return note("unpacking");
    note(`pulled ${total || "nothing yet"}`);
    timer = setTimeout(() => stalled.abort(), stallMs);
  };
  onLine("");
  try {
    // --local: fetched by the client, which has the host's network, not by containerd itself.
    await cluster.ctr(["images", "pull", "--local", "--platform", `linux/${architecture}`, wanted], { onLine, signal: stalled.signal });
    if (wanted !== reference(entry)) await cluster.ctr(["images", "tag", "--force", wanted, reference(entry)]);
    return undefined;
  } catch (error) {
    const last = messageOf(error).trim().split("\n").at(-1) ?? "";
    return stalled.signal.aborted ? `the download from ${registryOf(entry.image)} stalled` : `pulling failed: ${last}`;
  } finally {
    clearTimeout(timer);
  }
}
