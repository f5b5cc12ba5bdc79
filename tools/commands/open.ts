/** Ways in: kubectl, and forwards of the platform's Services to loopback. */
import { createServer } from "node:net";
import type { Cluster } from "../cluster";
import { UserError } from "../lib/errors";
import { bold, say } from "../lib/progress";
import { runningCluster } from "./settings";

export async function kubectl(args: readonly string[]): Promise<number> {
  if (args.length === 0) throw new UserError("no kubectl command given", { fix: 'make kubectl ARGS="get pods -A"' });
  return (await runningCluster().kubectl(args, { inherit: true, allowFailure: true })).code;
}

interface Service {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly clusterIP?: string; readonly ports: readonly { readonly name?: string; readonly port: number }[] };
}

/** Forwards each Service of the platform to a port of 127.0.0.1 until it is interrupted. */
export async function open(): Promise<number> {
  const cluster = runningCluster();
  if (cluster.flavor === "simulated")
    throw new UserError("all nodes of this cluster are simulated: there is nothing to forward to", { fix: "make up FLAVOR=real, as root on Linux" });
  const services = await platformServices(cluster);
  if (services.length === 0) throw new UserError("the stack has no Services yet", { fix: "make up" });
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const forwards: Promise<unknown>[] = [];
  for (const { metadata, spec } of services) {
    // Not that of the database, which is nobody's but the platform's.
    for (const { port } of spec.ports.filter(({ name }) => name === "http")) {
      const local = await freePort(port);
      say(`  ${bold(`http://127.0.0.1:${local}`)}  ${metadata.namespace}/${metadata.name}:${port}`);
      const args = ["-n", metadata.namespace, "port-forward", "--address", "127.0.0.1", `service/${metadata.name}`, `${local}:${port}`];
      forwards.push(
        cluster
          .kubectl(args, { signal: stop.signal, allowFailure: true })
          .catch((error: unknown) => (stop.signal.aborted ? undefined : Promise.reject(error as Error))),
      );
    }
  }
  say("  until you press Ctrl-C");
  await Promise.race(forwards);
  if (stop.signal.aborted) return 0;
  stop.abort();
  throw new UserError("a forward ended: its pod is gone or the cluster stopped", { fix: "make status; then make open again" });
}

/** Those with an address: the others are ways to single pods, for the platform's own parts. */
async function platformServices(cluster: Cluster): Promise<readonly Service[]> {
  const { stdout } = await cluster.kubectl(["get", "services", "-A", "-l", "app.kubernetes.io/part-of=openshift-ai-platform", "-o", "json"]);
  return (JSON.parse(stdout) as { items: Service[] }).items.filter(({ spec }) => spec.clusterIP !== "None");
}

/** The wanted port when it is free on loopback, else one that the system picks. */
async function freePort(wanted: number): Promise<number> {
  for (const port of [wanted, 0]) {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
    const found = await promise;
    if (found !== undefined) return found;
  }
  throw new UserError("no port of 127.0.0.1 is free", { fix: "stop a program that listens there" });
}
