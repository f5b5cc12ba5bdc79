/** Composes the platform of one stack: configuration → layers → outputs. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ownerOf } from "./components/common/labels";
import { Platform } from "./components/platform";
import { withBuilds } from "./stacks/builds";
import { capacityPlan } from "./stacks/capacity";
import { capacityTable } from "./stacks/capacityTable";
import { clusterPolicySettings, sharingWarnings, tellsOperator } from "./stacks/gpuSharing";
import { imageReferences, ImagesError, readImagesLock, type ImageReferences } from "./stacks/images";
import { ConfigError, loadConfig } from "./stacks/load";
import { projects as projectsOf, teamsOf } from "./stacks/projects";
import type { StackConfig } from "./stacks/schema";
import { servingPlanTable } from "./stacks/serving/planTable";

const stack = pulumi.getStack();
const { config, images } = load();

// Never the current context of whoever runs this.
const connection: k8s.ProviderArgs = {
  context: config.cluster.context,
  ...(config.cluster.kubeconfig === undefined ? {} : { kubeconfig: config.cluster.kubeconfig }),
  clusterIdentifier: config.cluster.name,
  enableConfigMapMutable: true,
  enableSecretMutable: true,
};
// What outlives the stack is taken over by the next `up`, unless somebody else holds it: docs/adr/0005.
const retaining = new k8s.Provider("cluster", { ...connection, upsertExistingObjects: true, enablePatchForce: false });
// What somebody changed by hand is put right, not reported as a conflict.
const provider = new k8s.Provider("objects", { ...connection, enablePatchForce: true });

const platform = new Platform(
  "platform",
  {
    config,
    images,
    owner: ownerOf(pulumi.getProject(), stack),
    retained: { provider: retaining, retainOnDelete: true },
    registryCredentials: config.secrets.source === "generated" ? new pulumi.Config().getSecret("registryCredentials") : undefined,
  },
  // All objects have names of their own, so the old one goes first where one is replaced.
  { provider, transformations: [({ props, opts }) => ({ props, opts: pulumi.mergeOptions(opts, { deleteBeforeReplace: true }) })] },
);

const plans = projectsOf(config);
const capacity = capacityTable(capacityPlan(config));
// In a preview too, and before anything is made.
void pulumi.log.info(`capacity of ${stack}\n${capacity}`, platform);
for (const warning of sharingWarnings(config)) void pulumi.log.warn(warning, platform);
if (config.layers.serving) void pulumi.log.info(`memory of the models of ${stack}\n${servingPlanTable(config)}`, platform);

/** The projects: their namespaces, kinds and quotas. */
export const projects = plans.map(({ key, namespace, kind, quota }) => ({ key, namespace, kind, quota }));

/** The teams: where they work, with how much, which models they may ask, and their monthly budget. */
export const teams = teamsOf(plans);

/** What all workloads take at their largest scale, against quotas and declared nodes. */
export const capacityPlanned = capacity;

/** What must stand in the ClusterPolicy of NVIDIA's GPU operator, which is its administrator's object; empty: nothing. */
export const gpuClusterPolicy = tellsOperator(config) ? clusterPolicySettings(config) : {};

/** The project of the layers. */
export const namespace = platform.namespace;

/** Each pool: its models, and its addresses inside the cluster. */
export const pools = platform.pools.map(({ name, address, models }) => ({ name, models, url: address.url, openai: pulumi.interpolate`${address.url}/v1` }));

/** The authenticated API, inside the cluster and where it is public; empty: there is none. */
export const gateway = platform.gateway && {
  url: pulumi.interpolate`${platform.gateway.url}/v1`,
  public: config.gateway?.host && `https://${config.gateway.host}/v1`,
};

const first = platform.pools[0];
/** How to ask a model from outside: nothing is public yet. */
export const ask =
  first &&
  pulumi.interpolate`kubectl --context ${config.cluster.context} -n ${namespace} port-forward service/${first.address.name} ${first.address.port}
curl http://127.0.0.1:${first.address.port}/v1/chat/completions -H 'Content-Type: application/json' -d '{"model":"${first.models[0] ?? ""}","messages":[{"role":"user","content":"hello"}]}'`;

function load(): { config: StackConfig; images: ImageReferences } {
  try {
    const lock = readImagesLock();
    // As the engine passes it; the SDK has no function for it.
    const secretKeys = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
    const config = loadConfig(pulumi.runtime.allConfig(), `Pulumi.${stack}.yaml`, Object.keys(lock), secretKeys);
    return { config, images: withBuilds(imageReferences(lock, config), config) };
  } catch (error) {
    // Shown without a stack trace.
    if (error instanceof ConfigError || error instanceof ImagesError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
