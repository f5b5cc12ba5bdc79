import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { modelServerPort } from "../../stacks/connections";
import { manifestPath } from "../../stacks/modelNames";
import { serviceAddress, type ServiceAddress } from "../common/serviceAddress";
import type { PoolConfig } from "../../stacks/schema";
import type { ContainerSize } from "../../stacks/sizing";
import type { StackContext } from "../common/context";
import { shortHash } from "../common/names";
import type { ContainerArgs, Probe } from "../common/podTemplate";
import { Workload } from "../common/workload";
import { jobName } from "./modelLoader";
import type { StoredModel } from "./modelStore";
import { homePath, serverEnv, storePath } from "./ollamaEnv";
import { runScript, scriptFiles, scriptsMount, scriptsVolume } from "./scripts";

export interface ModelPoolArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Output<string>;
  readonly pool: PoolConfig;
  /** The pool's models. */
  readonly models: readonly StoredModel[];
  /** Reference of the Ollama image. */
  readonly image: string;
  readonly server: ContainerSize;
  readonly loader: ContainerSize;
  readonly claimName: string;
  readonly scripts: k8s.core.v1.ConfigMap;
  /** Whether a pod can be added before one is taken away. */
  readonly surge: boolean;
}

/**
 * Equal Ollama servers behind one Service. A pod starts when its models are verified, is ready when each of them has answered, and stays so while they are
 * in memory. The store is mounted read-only: nobody who reaches a server can change or remove a model.
 */
export class ModelPool extends pulumi.ComponentResource {
  readonly address: ServiceAddress;
  readonly workload: Workload;
  /** Changes with everything that the pods are made from. */
  readonly version: pulumi.Output<string>;

  constructor(name: string, args: ModelPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:serving:ModelPool", name, {}, opts);
    const { pool, models } = args;

    this.workload = new Workload(
      name,
      {
        context: args.context,
        namespace: args.namespace,
        part: { name: "ollama", component: "model-server", instance: name },
        replicas: pool.replicas,
        ...(pool.scale === undefined ? {} : { scale: pool.scale }),
        surge: args.surge,
        ports: { http: { port: modelServerPort, targetPort: "http" } },
        after: [args.scripts, ...models.map(({ loaded }) => loaded)],
        rolloutMinutes: 5 + Math.ceil((pool.loadTimeoutSeconds * models.length) / 60),
        pod: {
          priorityClassName: "ai-serving",
          initContainers: [verifier(args)],
          container: server(args),
          nodeSelector: pool.nodeSelector,
          volumes: [{ name: "store", persistentVolumeClaim: { claimName: args.claimName } }, scriptsVolume],
          versions: { scripts: shortHash(scriptFiles()), models: shortHash(models.map(({ version }) => version)) },
        },
      },
      { parent: this },
    );
    this.address = serviceAddress(this.workload.service, modelServerPort);
    this.version = pulumi
      .jsonStringify(this.workload.deployment.spec.template.spec)
      .apply((spec) => shortHash([spec, models.map(({ version }) => version)], 12));

    this.registerOutputs({ address: this.address });
  }
}

function server({ pool, models, image, server: size }: ModelPoolArgs): ContainerArgs {
  const loadSeconds = pool.loadTimeoutSeconds * models.length;
  const ask: Probe = { exec: { command: [...runScript("ready.sh", "start")] }, periodSeconds: 5, failureThreshold: 12, timeoutSeconds: loadSeconds + 5 };
  return {
    name: "ollama",
    image,
    args: ["serve"],
    env: { ...serverEnv(pool), MODELS: modelLines(models), LOAD_SECONDS: String(pool.loadTimeoutSeconds) },
    resources: size,
    gpus: pool.gpusPerReplica,
    ports: { http: modelServerPort },
    mounts: [{ name: "store", mountPath: storePath, readOnly: true }, scriptsMount],
    writable: { [homePath]: "256Mi", "/tmp": "256Mi" },
    probes: {
      startup: ask,
      readiness: { exec: { command: [...runScript("ready.sh")] }, periodSeconds: 10, failureThreshold: 2, timeoutSeconds: loadSeconds + 5 },
      liveness: { httpGet: { path: "/api/version", port: "http" }, periodSeconds: 20, failureThreshold: 3, timeoutSeconds: 5 },
    },
    drainSeconds: pool.drainSeconds,
  };
}

function verifier({ models, image, loader }: ModelPoolArgs): ContainerArgs {
  return {
    name: "verify-models",
    image,
    command: runScript("verify.sh"),
    env: { OLLAMA_MODELS: storePath, OLLAMA_HOST: `127.0.0.1:${modelServerPort}`, MODELS: modelLines(models) },
    resources: loader,
    mounts: [{ name: "store", mountPath: storePath, readOnly: true }, scriptsMount],
    writable: { "/tmp": "16Mi" }, // where bash keeps what a script reads from a variable
  };
}

/** One line per model: its name, its manifest, its Job. */
function modelLines(models: readonly StoredModel[]): string {
  return models.map(({ name, version }) => `${name} ${manifestPath(name)} ${jobName(name, version)}`).join("\n");
}
