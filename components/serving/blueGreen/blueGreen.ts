import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { PoolConfig } from "../../../stacks/schema";
import { metadataOf, type StackContext } from "../../common/context";
import { selectorOf, type Part } from "../../common/labels";
import { smallContainer } from "../../common/podTemplate";
import { analysisTemplate, type AnalysisArgs } from "./analysis";
import { analysisJob, analysisPlan } from "./analysisJob";
import { PrometheusToken } from "./prometheusToken";
import type { GpuMeasure } from "./queries";
import { RolloutWait, type ClusterAccess } from "./rolloutWait";
import { postTemplate, preTemplate, previewService, rolloutSeconds, rolloutSpec } from "./rolloutSpec";

export interface BlueGreenArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Output<string>;
  readonly pool: PoolConfig;
  /** Labels of the replicas. */
  readonly part: Part;
  /** `rollout.promotion` of the pool, decided. */
  readonly promotion: "manual" | "automatic";
  /** The Deployment that holds the template of the pods, with 0 replicas. */
  readonly deployment: k8s.apps.v1.Deployment;
  /** What must be there before: the Services POOL-active and POOL-preview. */
  readonly after: readonly pulumi.Resource[];
  /** Reference of the image of model-proxy. */
  readonly image: string;
  /** Seconds until a replica must be ready. */
  readonly readySeconds: number;
  /** The way to Prometheus. @default none: the analysis decides by what its own requests measured */
  readonly prometheus?: PrometheusTarget;
  /** How GPUs are measured. @default not at all: the pool has none, or nobody measures them */
  readonly gpu?: GpuMeasure;
  readonly cluster: ClusterAccess;
}

export interface PrometheusTarget {
  readonly address: string;
  readonly insecure: boolean;
  /** Cluster role by which a token is made that is sent along. @default no token */
  readonly clusterRole?: string;
}

/**
 * A new version of a pool beside the old one, under Argo Rollouts: a Rollout that takes its pods from the pool's Deployment. A new version starts as preview, is
 * asked the pool's prompts and measured under load before it gets users, and measured again after; it is given up when it is wrong, slow or failing, and the old
 * version serves on. Objects by name: Rollout POOL, AnalysisTemplates POOL-pre and POOL-post, ConfigMap and ServiceAccount POOL-analysis.
 */
export class BlueGreen extends pulumi.ComponentResource {
  readonly rollout: k8s.apiextensions.CustomResource;
  /** Ends when the new version serves, or waits for somebody to promote it; fails when it was given up. */
  readonly wait: RolloutWait;

  constructor(name: string, args: BlueGreenArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:serving:BlueGreen", name, {}, opts);
    const { context, namespace, pool, part, promotion } = args;
    const limits = pool.rollout.analysis;
    const metadata = (suffix = "") => metadataOf(context, `${name}${suffix}`, namespace, part);
    const account = `${name}-analysis`;
    const serviceAccount = new k8s.core.v1.ServiceAccount(account, { metadata: metadata("-analysis"), automountServiceAccountToken: false }, { parent: this });

    const common = { answerSeconds: pool.loadTimeoutSeconds, limits, models: pool.models, prompts: pool.rollout.prompts };
    const plans = {
      // A preview has no users: each of its pods is asked as much as it answers at a time.
      [preTemplate(name)]: analysisPlan({ service: previewService(name), concurrency: pool.parallel, ...common }),
      // Users come first: one request at a time, the way that theirs go.
      [postTemplate(name)]: analysisPlan({ service: name, concurrency: 1, ...common }),
    };
    const key = (template: string) => `${template}.json`;
    const map = new k8s.core.v1.ConfigMap(
      account,
      { metadata: metadata("-analysis"), data: Object.fromEntries(Object.entries(plans).map(([of, plan]) => [key(of), JSON.stringify(plan)])) },
      { parent: this },
    );

    const tokenName = `${name}-prometheus`;
    const clusterRole = args.prometheus?.clusterRole;
    const token = clusterRole === undefined ? [] : [new PrometheusToken(tokenName, { context, namespace, part, clusterRole }, { parent: this })];
    const measured = measurement(args, tokenName);
    const templates = Object.entries(plans).map(([template, plan]) => {
      const job = analysisJob({
        context,
        pool: name,
        image: args.image,
        serviceAccountName: account,
        resources: smallContainer,
        map: account,
        key: key(template),
        plan,
      });
      const spec = namespace.apply((ns) => analysisTemplate({ namespace: ns, pool: name, limits, job, ...measured }));
      return new k8s.apiextensions.CustomResource(
        template,
        { apiVersion: "argoproj.io/v1alpha1", kind: "AnalysisTemplate", metadata: metadataOf(context, template, namespace, part), spec },
        { parent: this, dependsOn: [serviceAccount, map, ...token] },
      );
    });

    const spec = rolloutSpec({
      name,
      deployment: name,
      selector: selectorOf(part),
      ...(pool.scale === undefined ? { replicas: pool.replicas } : {}),
      previewReplicas: pool.previewReplicas,
      promotion,
      scaleDownDelaySeconds: pool.rollout.scaleDownDelaySeconds,
      limits,
      readySeconds: args.readySeconds,
    });
    this.rollout = new k8s.apiextensions.CustomResource(
      name,
      { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", metadata: metadata(), spec },
      { parent: this, dependsOn: [args.deployment, ...templates, ...args.after] },
    );

    this.wait = new RolloutWait(
      `${name}-rollout`,
      {
        cluster: args.cluster,
        namespace,
        rollout: name,
        replicas: pool.scale === undefined ? pool.replicas : undefined,
        seconds: rolloutSeconds(args.readySeconds, limits),
        version: pulumi.jsonStringify([args.deployment.spec.template, spec, plans]),
        after: [this.rollout, args.deployment],
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/** How a version is measured besides by what the Job itself sees. */
function measurement({ prometheus, gpu }: BlueGreenArgs, tokenSecret: string): Pick<AnalysisArgs, "prometheus" | "gpu"> {
  if (prometheus === undefined) return {};
  const { address, insecure, clusterRole } = prometheus;
  return { prometheus: { address, insecure, ...(clusterRole === undefined ? {} : { tokenSecret }) }, ...(gpu === undefined ? {} : { gpu }) };
}
