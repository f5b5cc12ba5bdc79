/** Composes the platform of one stack: configuration → layers → outputs. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ownerOf } from "./components/common/labels";
import { Platform } from "./components/platform";
import { imageReferences, ImagesError, readImagesLock, type ImageReferences } from "./stacks/images";
import { ConfigError, loadConfig } from "./stacks/load";
import type { StackConfig } from "./stacks/schema";

const stack = pulumi.getStack();
const { config, images } = load();

// Never the current context of whoever runs this.
const provider = new k8s.Provider("cluster", {
  context: config.cluster.context,
  ...(config.cluster.kubeconfig === undefined ? {} : { kubeconfig: config.cluster.kubeconfig }),
  clusterIdentifier: config.cluster.name,
  enableConfigMapMutable: true,
  enableSecretMutable: true,
  // What somebody changed by hand is put right, not reported as a conflict.
  enablePatchForce: true,
});

const platform = new Platform("platform", { config, images, owner: ownerOf(pulumi.getProject(), stack) }, { provider });

const first = platform.pools[0];

/** The project that holds everything. */
export const namespace = platform.namespace;

/** Each pool: its models, and its addresses inside the cluster. */
export const pools = platform.pools.map(({ name, address, models }) => ({ name, models, url: address.url, openai: pulumi.interpolate`${address.url}/v1` }));

/** How to ask a model from outside: nothing is public yet. */
export const ask =
  first &&
  pulumi.interpolate`kubectl --context ${config.cluster.context} -n ${namespace} port-forward service/${first.address.name} ${first.address.port}
curl http://127.0.0.1:${first.address.port}/v1/chat/completions -H 'Content-Type: application/json' -d '{"model":"${first.models[0] ?? ""}","messages":[{"role":"user","content":"hello"}]}'`;

function load(): { config: StackConfig; images: ImageReferences } {
  try {
    const lock = readImagesLock();
    const config = loadConfig(pulumi.runtime.allConfig(), `Pulumi.${stack}.yaml`, Object.keys(lock));
    return { config, images: imageReferences(lock, config.imagesLock, config.environment === "production") };
  } catch (error) {
    // Shown without a stack trace.
    if (error instanceof ConfigError || error instanceof ImagesError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
