import * as pulumi from "@pulumi/pulumi";
import { metricsPort, modelServerPort } from "../../stacks/connections";
import type { PoolConfig } from "../../stacks/schema";
import type { ContainerSize } from "../../stacks/sizing";
import type { StackContext } from "../common/context";
import type { Part } from "../common/labels";
import type { ContainerArgs } from "../common/podTemplate";
import { serviceAddress, type ServiceAddress } from "../common/serviceAddress";
import { Workload } from "../common/workload";
import { proxyProbes, proxyProgram, routerEnv } from "./modelProxy";

export interface ModelRouterArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Output<string>;
  readonly pool: PoolConfig;
  /** The workload of the replicas, with their headless Service. */
  readonly replicas: Workload;
  /** Reference of the image of model-proxy. */
  readonly image: string;
  readonly size: ContainerSize;
  readonly count: number;
}

/** Seconds in which the cluster forgets the address of a pod that goes: new requests still come to it. */
const leaveSeconds = 5;

/**
 * The way in to a pool: routers behind the Service of its name. Each request goes to the replica that has the model in memory and the fewest requests in flight;
 * while all are full, or one takes the place of another, it waits.
 */
export class ModelRouter extends pulumi.ComponentResource {
  readonly address: ServiceAddress;
  readonly workload: Workload;

  constructor(name: string, args: ModelRouterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:serving:ModelRouter", name, {}, opts);
    const { context, namespace, pool, replicas } = args;

    this.workload = new Workload(
      name,
      {
        context,
        namespace,
        part: routerPart(pool.name),
        replicas: args.count,
        surge: true,
        ports: { http: { port: modelServerPort, targetPort: "http" } },
        // Before there were routers, the Service belonged to the replicas: its pods change, its address does not.
        service: { name: pool.name, aliases: [{ parent: replicas }] },
        after: [replicas.deployment, replicas.service],
        pod: {
          priorityClassName: "ai-serving",
          container: router(args),
          stopSeconds: leaveSeconds + pool.drainSeconds + 30,
        },
      },
      { parent: this },
    );
    this.address = serviceAddress(this.workload.service, modelServerPort);
    this.registerOutputs({ address: this.address });
  }
}

/** Labels of a pool's routers. */
export function routerPart(pool: string): Part {
  return { name: "model-proxy", component: "model-router", instance: pool };
}

function router({ image, pool, size, replicas }: ModelRouterArgs): ContainerArgs {
  const { name, namespace } = replicas.service.metadata;
  return {
    name: "router",
    image,
    command: [proxyProgram, "router"],
    env: routerEnv(pool, pulumi.interpolate`${name}.${namespace}.svc:${modelServerPort}`),
    resources: size,
    ports: { http: modelServerPort, metrics: metricsPort },
    probes: proxyProbes(),
    preStop: { seconds: leaveSeconds },
  };
}
