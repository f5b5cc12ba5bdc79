/** The pod of a replica: the check of its models, the sidecar, Ollama. Pure. */
import { adminPort, metricsPort, modelServerPort, ollamaPort } from "../../stacks/connections";
import { manifestPath } from "../../stacks/modelNames";
import { serverSize } from "../../stacks/sizing";
import type { ContainerArgs, PodTemplateArgs, Probe } from "../common/podTemplate";
import { jobName } from "./modelLoader";
import type { ModelPoolArgs } from "./modelPool";
import type { StoredModel } from "./modelStore";
import { homePath, serverEnv, storePath } from "./ollamaEnv";
import { proxyProbes, proxyProgram, sidecarEnv } from "./modelProxy";
import { runScript, scriptsMount, scriptsVolume } from "./scripts";

/** Name of Ollama's container. */
export const serverContainer = "ollama";

/** Seconds beyond those for streams to end: Ollama lets go of the GPU, then the sidecar stops. */
const stopMargin = 30;

/** What the pod is made from, but for the versions of what it reads. */
export function replicaPod(
  args: ModelPoolArgs,
): Pick<PodTemplateArgs, "container" | "initContainers" | "sidecars" | "nodeSelector" | "priorityClassName" | "stopSeconds" | "volumes"> {
  const { pool } = args;
  return {
    priorityClassName: "ai-serving",
    initContainers: [verifier(args)],
    sidecars: [sidecar(args)],
    container: server(args),
    nodeSelector: args.nodeSelector,
    stopSeconds: pool.drainSeconds + stopMargin,
    volumes: [{ name: "store", persistentVolumeClaim: { claimName: args.claimName } }, scriptsVolume],
  };
}

function server({ pool, models, images, sizes, gpuResource }: ModelPoolArgs): ContainerArgs {
  const loadSeconds = pool.loadTimeoutSeconds * models.length;
  const ask: Probe = { exec: { command: [...runScript("ready.sh", "start")] }, periodSeconds: 5, failureThreshold: 12, timeoutSeconds: loadSeconds + 5 };
  return {
    name: serverContainer,
    image: images.ollama,
    args: ["serve"],
    env: { ...serverEnv(pool), MODELS: modelLines(models), LOAD_SECONDS: String(pool.loadTimeoutSeconds) },
    resources: serverSize(sizes, pool.gpusPerReplica),
    gpus: pool.gpusPerReplica,
    gpuResource,
    mounts: [{ name: "store", mountPath: storePath, readOnly: true }, scriptsMount],
    writable: { [homePath]: "256Mi", "/tmp": "256Mi" },
    probes: {
      startup: ask,
      readiness: { exec: { command: [...runScript("ready.sh")] }, periodSeconds: 10, failureThreshold: 2, timeoutSeconds: loadSeconds + 5 },
      liveness: { exec: { command: [...runScript("alive.sh")] }, periodSeconds: 20, failureThreshold: 3, timeoutSeconds: 10 },
    },
    // A little longer than the sidecar waits itself.
    preStop: { command: runScript("drain.sh", String(adminPort), String(pool.drainSeconds + 5)) },
  };
}

/** It starts before Ollama and outlives it, so that no stream loses the one or the other. */
function sidecar({ pool, models, images, sizes }: ModelPoolArgs): ContainerArgs {
  return {
    name: "sidecar",
    image: images.proxy,
    command: [proxyProgram, "sidecar"],
    env: sidecarEnv(
      pool,
      models.map(({ name }) => name),
    ),
    resources: sizes.sidecar,
    ports: { http: modelServerPort, metrics: metricsPort },
    probes: proxyProbes(),
  };
}

function verifier({ models, images, sizes }: ModelPoolArgs): ContainerArgs {
  return {
    name: "verify-models",
    image: images.ollama,
    command: runScript("verify.sh"),
    env: { OLLAMA_MODELS: storePath, OLLAMA_HOST: `127.0.0.1:${ollamaPort}`, MODELS: modelLines(models) },
    resources: sizes.loader,
    mounts: [{ name: "store", mountPath: storePath, readOnly: true }, scriptsMount],
    writable: { "/tmp": "16Mi" }, // where bash keeps what a script reads from a variable
  };
}

/** One line per model: its name, its manifest, its Job. */
function modelLines(models: readonly StoredModel[]): string {
  return models.map(({ name, version }) => `${name} ${manifestPath(name)} ${jobName(name, version)}`).join("\n");
}
