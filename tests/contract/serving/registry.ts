/** A registry of one model on this machine, as Ollama pulls from it: HTTPS, and blobs from where a redirect leads. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { selfSigned } from "./ollamaProcess";

export interface Registry {
  /** `localhost:1234/library/NAME` */
  readonly name: string;
  /** Of the manifest. */
  readonly digest: string;
  /** PEM file by which clients trust it. */
  readonly certificate: string;
  close(): void;
}

/** @param store folder of a model store, all of whose blobs are served  @param manifest path of the model's manifest below it  @param as `tiny:1`  @param dir for key and certificate */
export async function openRegistry(store: string, manifest: string, as: string, dir: string): Promise<Registry> {
  const content = readFileSync(join(store, "manifests", manifest), "utf8").trimEnd(); // as Ollama stores what it pulls
  const blobs = new Map(readdirSync(join(store, "blobs")).map((blob) => [blob.replace("-", ":"), readFileSync(join(store, "blobs", blob))]));
  const [model = "", tag = ""] = as.split(":");
  const { key, cert } = selfSigned(dir);
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    const [, name, what, which = ""] = /^\/v2\/library\/([^/]+)\/(manifests|blobs)\/(.*)$/.exec(request.url ?? "") ?? [];
    const found = name !== model ? undefined : what === "manifests" && which === tag ? Buffer.from(content) : blobs.get(which);
    if (!found) return void response.writeHead(404).end();
    if (what === "blobs" && request.method === "GET" && request.headers.host?.startsWith("localhost")) {
      return void response.writeHead(307, { location: `https://127.0.0.1:${request.socket.localPort}${request.url}` }).end();
    }
    const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "");
    const part = range ? found.subarray(Number(range[1]), Number(range[2]) + 1) : found;
    response.writeHead(range ? 206 : 200, { "content-length": part.length }).end(request.method === "HEAD" ? undefined : part);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    name: `localhost:${(server.address() as AddressInfo).port}/library/${as}`,
    digest: `sha256:${createHash("sha256").update(content).digest("hex")}`,
    certificate: cert,
    close: () => void server.close(),
  };
}
