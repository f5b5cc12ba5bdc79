import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { modelServerPort } from "../../stacks/connections";
import type { PoolConfig } from "../../stacks/schema";
import { serverSize, type Sizing } from "../../stacks/sizing";
import { metadataOf, type StackContext } from "../common/context";
import { selectorOf, type Part } from "../common/labels";
import { shortHash } from "../common/names";
import type { ServiceAddress } from "../common/serviceAddress";
import { Workload } from "../common/workload";
import { Autoscaling, type AutoscalingArgs } from "./autoscaling/autoscaling";
import { poolScale } from "./autoscaling/horizontal";
import { BlueGreen, type BlueGreenArgs } from "./blueGreen/blueGreen";
import { ModelRouter } from "./modelRouter";
import type { StoredModel } from "./modelStore";
import { heldFields, holdWarning, poolAnnotations } from "./poolAnnotations";
import { replicaPod, serverContainer } from "./replicaPod";
import { scriptFiles } from "./scripts";

export interface ModelPoolArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Output<string>;
  readonly pool: PoolConfig;
  /** The pool's models. */
  readonly models: readonly StoredModel[];
  /** References. */
  readonly images: { readonly ollama: string; readonly proxy: string };
  readonly sizes: Pick<Sizing, "containers" | "server" | "gpuServerMemory" | "loader" | "sidecar" | "router" | "routers">;
  /** The resource by which GPUs are requested. */
  readonly gpuResource: string;
  /** Labels of the machines that the pods run on. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly claimName: string;
  readonly scripts: k8s.core.v1.ConfigMap;
  /** Whether a pod can be added before one is taken away. */
  readonly surge: boolean;
  /** What scales the pods. */
  readonly capabilities: AutoscalingArgs["capabilities"];
  /** Namespace of the Prometheus, on platforms that have no place of their own for it. */
  readonly monitoringNamespace: string;
  /** Argo Rollouts makes the pods: new ones are a preview, until they are promoted. @default the Deployment does */
  readonly blueGreen?: Pick<BlueGreenArgs, "promotion" | "prometheus" | "gpu" | "cluster"> | undefined;
}

/**
 * Equal replicas of Ollama behind routers. A replica starts when its models are verified, is ready when each of them has answered, and stays so while they are
 * in memory. The store is mounted read-only, and the sidecar before Ollama refuses what would change it: nobody who reaches a server can change or remove a model.
 *
 * Objects by name: Deployment POOL, the replicas; Service POOL-active, those of them that serve; with Argo Rollouts POOL-preview, those of a new version; Deployment
 * POOL-router and Service POOL, the way in.
 */
export class ModelPool extends pulumi.ComponentResource {
  /** Where the pool is asked: of its routers. */
  readonly address: ServiceAddress;
  /** The replicas. */
  readonly workload: Workload;
  readonly router: ModelRouter;
  /** What to wait for: the version that was asked for then answers, or waits for somebody to promote it. */
  readonly ready: readonly pulumi.Resource[];
  /** Changes with everything that the pods are made from. */
  readonly version: pulumi.Output<string>;

  constructor(name: string, args: ModelPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:serving:ModelPool", name, {}, opts);
    const { context, namespace, pool, models, sizes } = args;
    const held = holdWarning(pool);
    const part = replicaPart(name);
    if (held !== undefined) void pulumi.log.warn(held, this);

    this.workload = new Workload(
      name,
      {
        context,
        namespace,
        part,
        replicas: pool.replicas,
        ...(pool.scale === undefined ? {} : { scaledTo: pool.scale.max }),
        surge: args.surge,
        rollout: args.blueGreen !== undefined,
        ports: { http: { port: modelServerPort, targetPort: "http" } },
        service: { name: `${name}-active`, headless: true },
        annotations: poolAnnotations(
          pool,
          models.map(({ config }) => config),
        ),
        ...(held === undefined ? {} : { keep: heldFields }),
        after: [args.scripts, ...models.map(({ loaded }) => loaded)],
        rolloutMinutes: rolloutMinutes(pool, models.length),
        pod: { ...replicaPod(args), versions: { scripts: shortHash(scriptFiles()), models: shortHash(models.map(({ version }) => version)) } },
      },
      { parent: this },
    );

    this.scaled(args);
    const blueGreen = args.blueGreen && this.newVersions(args, args.blueGreen);

    this.router = new ModelRouter(
      `${name}-router`,
      {
        context,
        namespace,
        pool,
        replicas: this.workload,
        image: args.images.proxy,
        size: sizes.router,
        count: sizes.routers,
      },
      { parent: this },
    );
    this.address = this.router.address;
    this.ready = [this.workload, this.router, ...(blueGreen ? [blueGreen] : [])];
    this.version = pulumi
      .jsonStringify([this.workload, this.router.workload].map(({ deployment }) => deployment.spec.template.spec))
      .apply((spec) => shortHash([spec, models.map(({ version }) => version)], 12));

    this.registerOutputs({ address: this.address });
  }

  private scaled({ context, namespace, pool, sizes, capabilities, monitoringNamespace, blueGreen }: ModelPoolArgs): void {
    const { name, scale } = pool;
    if (scale === undefined && !capabilities.verticalPodAutoscaler) return;
    new Autoscaling(
      name,
      {
        context,
        namespace,
        part: replicaPart(name),
        target: blueGreen ? { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name } : { apiVersion: "apps/v1", kind: "Deployment", name },
        scale: poolScale(pool),
        capabilities,
        monitoringNamespace,
        container: { name: serverContainer, size: serverSize(sizes, pool.gpusPerReplica), max: sizes.containers.max },
        // It was the workload's.
        aliases: [{ parent: this.workload }],
      },
      { parent: this, dependsOn: [this.workload.deployment] },
    );
  }

  private newVersions({ context, namespace, pool, models, images }: ModelPoolArgs, facts: NonNullable<ModelPoolArgs["blueGreen"]>): BlueGreen {
    const { name } = pool;
    const part = replicaPart(name);
    const previewName = `${name}-preview`;
    // Argo Rollouts narrows its selector, and that of the active ones, down to a revision.
    const preview = new k8s.core.v1.Service(
      previewName,
      {
        metadata: { ...metadataOf(context, previewName, namespace, part), annotations: { "pulumi.com/skipAwait": "true" } },
        spec: {
          type: "ClusterIP",
          clusterIP: "None",
          selector: selectorOf(part),
          ports: [{ name: "http", port: modelServerPort, targetPort: "http", protocol: "TCP" }],
        },
      },
      { parent: this },
    );
    return new BlueGreen(
      name,
      {
        context,
        namespace,
        pool,
        part,
        ...facts,
        deployment: this.workload.deployment,
        after: [this.workload.service, preview],
        image: images.proxy,
        readySeconds: 60 * rolloutMinutes(pool, models.length),
      },
      { parent: this },
    );
  }
}

/** Labels of a pool's replicas. */
export function replicaPart(pool: string): Part {
  return { name: "ollama", component: "model-server", instance: pool };
}

/** Minutes in which the replicas of a new version must be ready. */
export function rolloutMinutes({ loadTimeoutSeconds }: PoolConfig, models: number): number {
  return 5 + Math.ceil((loadTimeoutSeconds * models) / 60);
}
