/** The real prometheus-adapter as a process on this machine, registered at the API server of a simulated cluster. */
import { spawn } from "node:child_process";
import { openSync, closeSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { adapterRules } from "../../../stacks/scaling/metrics";
import type { Cluster } from "../../../tools/cluster";
import { adapterArguments, adapterPlace, registration } from "../../../tools/cluster/addons/autoscaling";
import { namespace } from "../../../tools/cluster/addons/common";
import { withApi } from "../../../tools/cluster/addons/install";
import type { KubeObject } from "../../../tools/cluster/api";
import { ensureCertificates } from "../../../tools/cluster/certificates";
import { ensurePrograms } from "../../../tools/toolchain";
import { freePort } from "../../support/ports";

export interface Adapter {
  /** What it has written. */
  log(): string;
  stop(): Promise<void>;
}

/** @param more beside the rules of the pools: `resourceRules` */
export async function startAdapter(cluster: Cluster, prometheusUrl: string, more: object): Promise<Adapter> {
  const program = (await ensurePrograms(["prometheus-adapter"]))["prometheus-adapter"].path("adapter");
  const dir = mkdtempSync(join(tmpdir(), "oap-adapter-"));
  const port = await freePort();
  const { service, host } = adapterPlace;
  await ensureCertificates(dir, [{ file: service, authority: "ca", commonName: service, usage: "server", names: [host] }]);
  writeFileSync(join(dir, "config.yaml"), stringify({ ...adapterRules(), ...more }));
  const log = openSync(join(dir, "log"), "w");
  const child = spawn(
    program,
    [
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      `--tls-cert-file=${join(dir, `${service}.crt`)}`,
      `--tls-private-key-file=${join(dir, `${service}.key`)}`,
      `--config=${join(dir, "config.yaml")}`,
      `--prometheus-url=${prometheusUrl}`,
      ...["lister", "authentication", "authorization"].map((what) => `--${what}-kubeconfig=${cluster.kubeconfig}`),
      ...adapterArguments,
    ],
    { cwd: dir, stdio: ["ignore", log, log], env: { PATH: process.env.PATH, HOME: dir } },
  );
  closeSync(log);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));

  const authority = readFileSync(join(dir, "ca.crt"), "utf8");
  const external = at(registration(authority), port);
  const resources: KubeObject = {
    ...external,
    metadata: { name: "v1beta1.metrics.k8s.io" },
    spec: { ...(external.spec as object), group: "metrics.k8s.io" },
  };
  await withApi(cluster, async (api) => {
    await api.apply([namespace(adapterPlace.namespace)]);
    // The API server and the adapter are on one machine: a Service that is a name for it.
    await api.apply([
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: service, namespace: adapterPlace.namespace },
        spec: { type: "ExternalName", externalName: "localhost" },
      },
      external,
      resources,
    ]);
  });
  return {
    log: () => readFileSync(join(dir, "log"), "utf8"),
    async stop() {
      await cluster.kubectl(["delete", "apiservice", external.metadata.name, resources.metadata.name, "--ignore-not-found"], { allowFailure: true });
      child.kill("SIGTERM");
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function at(service: KubeObject, port: number): KubeObject {
  const spec = service.spec as { readonly service: object };
  return { ...service, spec: { ...spec, service: { ...spec.service, port } } };
}
