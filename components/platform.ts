import * as pulumi from "@pulumi/pulumi";
import { connections } from "../stacks/connections";
import type { ImageReferences } from "../stacks/images";
import type { PoolConfig, StackConfig } from "../stacks/schema";
import { sizings, type Sizing } from "../stacks/sizing";
import type { StackContext } from "./common/context";
import { profileOf } from "./common/platform";
import type { ServiceAddress } from "./common/serviceAddress";
import { Project } from "./foundation/project";
import { ModelPool } from "./serving/modelPool";
import { ModelStore } from "./serving/modelStore";
import { SmokeCheck } from "./smoke/smokeCheck";

export interface PlatformArgs {
  readonly config: StackConfig;
  readonly images: ImageReferences;
  /** Value of the owner label. */
  readonly owner: string;
}

/** A pool as its users see it. */
export interface ServedPool {
  readonly name: string;
  readonly address: ServiceAddress;
  readonly models: readonly string[];
}

const storeName = "models";

/** The whole platform: wires the layers, decides nothing. */
export class Platform extends pulumi.ComponentResource {
  readonly namespace: pulumi.Output<string>;
  readonly pools: readonly ServedPool[];

  constructor(name: string, args: PlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:platform:Platform", name, {}, opts);
    const { config, images } = args;
    const sizing = sizings[config.sizing];
    const context: StackContext = { profile: profileOf(config.platform), owner: args.owner };

    const project = new Project(
      `ai-${config.environment}`,
      { context, sizing, connections: connections(config), apiServerAddresses: config.cluster.apiServerAddresses },
      { parent: this },
    );
    this.namespace = project.namespace;

    const { models: volume } = config.storage;
    const store = new ModelStore(
      storeName,
      {
        context,
        namespace: this.namespace,
        models: config.models,
        images,
        volume: { class: volume.class, size: volume.size ?? sizing.modelStorage, accessMode: volume.accessMode },
        loader: sizing.loader,
      },
      { parent: this, dependsOn: [project] },
    );

    const pools = config.serving.pools.map(
      (pool) =>
        new ModelPool(
          pool.name,
          {
            context,
            namespace: this.namespace,
            pool,
            models: store.models.filter(({ name: model }) => pool.models.includes(model)),
            image: images("ollama"),
            server: sizing.server,
            loader: sizing.loader,
            claimName: storeName,
            scripts: store.scripts,
            surge: canSurge(pool, config, sizing),
          },
          { parent: this },
        ),
    );
    this.pools = pools.map((pool, i) => ({ name: config.serving.pools[i]?.name ?? "", address: pool.address, models: config.serving.pools[i]?.models ?? [] }));

    if (config.smokeCheck) {
      for (const [i, pool] of pools.entries()) {
        new SmokeCheck(
          `smoke-${config.serving.pools[i]?.name}`,
          {
            cluster: { context: config.cluster.context, kubeconfig: config.cluster.kubeconfig, kubectl: config.cluster.kubectl },
            service: pool.address,
            models: config.serving.pools[i]?.models ?? [],
            version: pool.version,
            after: [pool.workload],
          },
          { parent: this },
        );
      }
    }

    this.registerOutputs({ namespace: this.namespace });
  }
}

/** Whether one pod more than wanted can run: the quota has GPUs for it, and the volume can be mounted on its node too. */
export function canSurge(pool: PoolConfig, config: StackConfig, sizing: Sizing): boolean {
  const used = config.serving.pools.reduce((sum, { replicas, gpusPerReplica }) => sum + replicas * gpusPerReplica, 0);
  return config.storage.models.accessMode === "ReadWriteMany" && used + pool.gpusPerReplica <= sizing.quota.gpus;
}
