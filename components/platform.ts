import * as pulumi from "@pulumi/pulumi";
import { canSurge } from "../stacks/capacity";
import { databasePort, gatewayName, postgresName } from "../stacks/connections";
import { databaseSecret, gatewayFile, gatewayReplicas } from "../stacks/gateway";
import { gpuResourceOf, nodeSelectorOf } from "../stacks/gpu";
import { tellsOperator } from "../stacks/gpuSharing";
import type { ImageReferences } from "../stacks/images";
import { projectOf } from "../stacks/projects";
import type { GatewayConfig, PoolConfig, StackConfig } from "../stacks/schema";
import { promotionOf } from "../stacks/serving/defaults";
import { monitoredOf } from "../stacks/observability/monitored";
import { sizingOf } from "../stacks/sizing";
import { databaseClass, modelsClass } from "../stacks/storage";
import { ImageBuild } from "./builds/imageBuild";
import type { StackContext } from "./common/context";
import { shortHash } from "./common/names";
import { profileOf } from "./common/platform";
import type { ServiceAddress } from "./common/serviceAddress";
import { DatabaseSecret } from "./data/databaseSecret";
import { Postgres } from "./data/postgres";
import { ClusterGuard } from "./foundation/clusterGuard";
import { Foundation } from "./foundation/foundation";
import { Gateway, type DatabaseAccess } from "./gateway/gateway";
import { GpuSharing } from "./gpu/gpuSharing";
import { Monitoring } from "./observability/monitoring";
import { ModelPool, type ModelPoolArgs } from "./serving/modelPool";
import { ModelStore } from "./serving/modelStore";
import { SmokeCheck } from "./smoke/smokeCheck";

export interface PlatformArgs {
  readonly config: StackConfig;
  readonly images: ImageReferences;
  /** Value of the owner label. */
  readonly owner: string;
  /** Options of objects that outlive the stack. */
  readonly retained: pulumi.CustomResourceOptions;
  /** Content of the pull secret. */
  readonly registryCredentials?: pulumi.Input<string> | undefined;
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
  /** Namespaces by the key of their project: `platform`, `infrastructure`, teams' projects. */
  readonly namespaces: ReadonlyMap<string, pulumi.Output<string>>;
  /** Namespace of the layers. */
  readonly namespace: pulumi.Output<string>;
  readonly pools: readonly ServedPool[];
  /** The authenticated API. */
  readonly gateway: ServiceAddress | undefined;

  constructor(name: string, args: PlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:platform:Platform", name, {}, opts);
    const { config } = args;
    const context = contextOf(args);

    const foundation = new Foundation("foundation", { context, config, registryCredentials: args.registryCredentials }, { parent: this });
    this.namespaces = foundation.namespaces;
    const namespace = foundation.namespaces.get("platform");
    if (namespace === undefined) throw new Error("projects() plans no project for the platform");
    this.namespace = namespace;

    const sharing = tellsOperator(config) ? [new GpuSharing("gpu-sharing", { context, cluster: config.cluster }, { parent: this })] : [];
    const ready = [...foundation.ready, ...sharing];
    const { pools, layers } = config.layers.serving ? this.serve(args, context, ready) : { pools: [], layers: [] };
    this.pools = pools;
    const gated = config.gateway === undefined ? [] : [this.gate(args, context, config.gateway, ready)];
    this.gateway = gated[0]?.address;
    const { builds: by } = config.cluster.capabilities;
    if (by !== "none") {
      for (const build of config.builds)
        new ImageBuild(
          build.name,
          { context, namespace, environment: config.environment, build, by, images: args.images },
          { parent: this, dependsOn: [...ready] },
        );
    }
    if (config.cluster.manage) {
      // Made last, so that it is asked first when the stack is destroyed.
      new ClusterGuard("cluster-guard", { context, cluster: config.cluster, after: [foundation, ...sharing, ...layers, ...gated] }, { parent: this });
    }
    this.registerOutputs({ namespace: this.namespace });
  }

  private gate({ config, images }: PlatformArgs, context: StackContext, gateway: GatewayConfig, ready: readonly pulumi.Resource[]): Gateway {
    const { namespace } = this;
    const sizing = sizingOf(config);
    const secretsExternal = config.secrets.source === "external";
    return new Gateway(
      gatewayName,
      {
        context,
        namespace,
        file: gatewayFile(config, gateway),
        applications: gateway.applications,
        projects: new Map(config.teams.map((team) => [team.name, this.namespaces.get(projectOf(team))])),
        image: images("model-proxy"),
        size: sizing.gateway,
        replicas: gatewayReplicas(config),
        connections: gateway.connections,
        database: this.database(config, context, images, ready),
        secretsExternal,
        exposure:
          gateway.host === undefined
            ? undefined
            : { host: gateway.host, certificate: config.network.exposure.certificate, gateway: config.network.exposure.gateway },
        monitoring: config.cluster.capabilities.monitoring,
      },
      { parent: this, dependsOn: [...ready] },
    );
  }

  /** The gateway's own role and database; with a server of the site's, its Secret is there already. */
  private database(config: StackConfig, context: StackContext, images: ImageReferences, ready: readonly pulumi.Resource[]): DatabaseAccess {
    const { namespace } = this;
    const { postgres } = config.data;
    if (postgres.kind === "external") return { host: postgres.host, port: postgres.port, proof: "authority", ready: [] };
    const sizing = sizingOf(config);
    const secrets =
      config.secrets.source === "external"
        ? []
        : [new DatabaseSecret(databaseSecret, { context, namespace, role: gatewayName }, { parent: this, dependsOn: [...ready] })];
    const server = new Postgres(
      postgresName,
      {
        context,
        namespace,
        image: images("postgres"),
        size: sizing.database,
        volume: { class: databaseClass(config), size: postgres.size ?? sizing.databaseStorage },
        maxConnections: postgres.maxConnections,
        roles: { [gatewayName]: { secretName: databaseSecret, ready: secrets } },
      },
      { parent: this, dependsOn: [...ready] },
    );
    return { host: server.host, port: databasePort, proof: "password", ready: server.ready };
  }

  private serve(
    { config, images }: PlatformArgs,
    context: StackContext,
    ready: readonly pulumi.Resource[],
  ): { pools: readonly ServedPool[]; layers: readonly pulumi.Resource[] } {
    const { namespace } = this;
    const sizing = sizingOf(config);
    const { models: volume } = config.storage;
    const store = new ModelStore(
      storeName,
      {
        context,
        namespace,
        models: config.models,
        images,
        volume: { class: modelsClass(config), size: volume.size ?? sizing.modelStorage, accessMode: volume.accessMode },
        loader: sizing.loader,
      },
      { parent: this, dependsOn: [...ready] },
    );

    const layers: pulumi.Resource[] = [store];
    const pools = config.serving.pools.map((pool) => {
      const served = new ModelPool(
        pool.name,
        {
          context,
          namespace,
          pool,
          models: store.models.filter(({ name: model }) => pool.models.includes(model)),
          images: { ollama: images("ollama"), proxy: images("model-proxy") },
          sizes: sizing,
          gpuResource: gpuResourceOf(pool, config),
          nodeSelector: nodeSelectorOf(pool, config),
          claimName: storeName,
          scripts: store.scripts,
          surge: canSurge(pool, config),
          capabilities: config.cluster.capabilities,
          monitoringNamespace: config.network.monitoringNamespace,
          blueGreen: blueGreenOf(pool, config, context),
        },
        { parent: this },
      );
      layers.push(served);
      if (config.smokeCheck) {
        const { context: name, kubeconfig, kubectl } = config.cluster;
        const check = new SmokeCheck(
          `smoke-${pool.name}`,
          { cluster: { context: name, kubeconfig, kubectl }, service: served.address, models: pool.models, version: served.version, after: served.ready },
          { parent: this },
        );
        layers.push(check);
      }
      return { name: pool.name, address: served.address, models: pool.models };
    });
    if (config.cluster.capabilities.monitoring) {
      const monitored = monitoredOf(config, context.profile.rulesSeeOtherProjects);
      layers.push(new Monitoring("monitoring", { context, namespace, monitored }, { parent: this }));
    }
    return { pools, layers };
  }
}

/** How a new version takes over, where Argo Rollouts does it: measured by Prometheus where there is one, its GPUs where somebody watches them. */
function blueGreenOf(pool: PoolConfig, config: StackConfig, { profile }: StackContext): ModelPoolArgs["blueGreen"] {
  const { capabilities, context, kubeconfig, kubectl } = config.cluster;
  if (!capabilities.argoRollouts) return undefined;
  return {
    promotion: promotionOf(pool, config),
    cluster: { context, kubeconfig, kubectl },
    ...(capabilities.monitoring ? { prometheus: profile.analysisPrometheus(config.network.monitoringNamespace) } : {}),
    ...(capabilities.monitoring && capabilities.gpuOperator && pool.gpusPerReplica > 0 ? { gpu: "utilization" } : {}),
  };
}

function contextOf({ config, owner, retained }: PlatformArgs): StackContext {
  const { proxy, noProxy, trustedCA } = config.network;
  const { pullSecret } = config.registry;
  return {
    profile: profileOf(config.platform),
    owner,
    site: {
      gpuResource: config.cluster.gpuResource,
      ...(pullSecret === undefined ? {} : { pullSecret }),
      ...(proxy === undefined ? {} : { proxy: { url: proxy.url, noProxy } }),
      trustedCA: trustedCA !== undefined,
      ...(trustedCA === undefined ? {} : { trustedCAVersion: shortHash(trustedCA) }),
    },
    retained,
  };
}
