/** What the tests of Exposure share: a certificate, a Gateway as a cluster's admins make one, and questions with a host name of one's own. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "../../../tools/cluster";

export const host = "web.apps.example.com";
export const namespace = "contract-exposed";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A self-signed certificate for `host`, in PEM. */
export function selfSigned(): Certificate {
  const dir = mkdtempSync(join(tmpdir(), "oap-certificate-"));
  const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  const what = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=${host} -addext subjectAltName=DNS:${host}`;
  const made = spawnSync("openssl", [...what.split(" "), "-keyout", key, "-out", cert]);
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr.toString()}`);
  const result = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  rmSync(dir, { recursive: true });
  return result;
}

/** A Gateway with a listener for each port, that of HTTPS with the project's certificate. */
export function gatewayOf(gatewayClassName: string): readonly object[] {
  const allowedRoutes = { namespaces: { from: "All" } };
  const tls = { mode: "Terminate", certificateRefs: [{ kind: "Secret", name: "web-certificate", namespace }] };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "gateways" } },
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata: { name: "public", namespace: "gateways" },
      spec: {
        gatewayClassName,
        listeners: [
          { name: "web", protocol: "HTTP", port: 80, allowedRoutes },
          { name: "websecure", protocol: "HTTPS", port: 443, allowedRoutes, tls },
        ],
      },
    },
  ];
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks the host by its name at a port of this machine. @param ca the only authority that is trusted; undefined: plain HTTP */
export function ask(port: number, ca: string | undefined): Promise<Answer> {
  const options = { host: "127.0.0.1", port, path: "/", headers: { host }, agent: false, timeout: 10_000 };
  return new Promise((resolve, reject) => {
    const request = ca === undefined ? httpRequest(options) : httpsRequest({ ...options, servername: host, ca });
    request.on("error", reject).on("timeout", () => request.destroy(new Error("no answer")));
    request.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.end();
  });
}

/** Forwards ports of this machine to a Service while something is done. @param run gets the ports of this machine, in the order of `ports` */
export async function forwarded<T>(
  cluster: Cluster,
  service: string,
  where: string,
  ports: readonly number[],
  run: (local: readonly number[]) => Promise<T>,
): Promise<T> {
  const args = ["--kubeconfig", cluster.kubeconfig, "-n", where, "port-forward", `service/${service}`, ...ports.map((port) => `:${port}`)];
  const child = spawn(join(cluster.programs, "kubectl"), args, { stdio: ["ignore", "pipe", "pipe"] });
  try {
    let text = "";
    const local = await new Promise<number[]>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (data: Buffer) => {
          text += data.toString();
          const found = [...text.matchAll(/Forwarding from 127\.0\.0\.1:(\d+)/g)].map((match) => Number(match[1]));
          if (found.length === ports.length) resolve(found);
        });
      child.once("exit", () => reject(new Error(text)));
    });
    return await run(local);
  } finally {
    child.kill();
  }
}
