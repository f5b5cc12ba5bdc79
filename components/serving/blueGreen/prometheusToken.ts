import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { dnsLabel } from "../../common/names";
import { metadataOf, type StackContext } from "../../common/context";
import type { Part } from "../../common/labels";

export interface PrometheusTokenArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Output<string>;
  readonly part: Part;
  /** A cluster role of the platform that may read the metrics of all projects: those of GPUs are in the exporter's. */
  readonly clusterRole: string;
}

/**
 * A service account that may read metrics, and a Secret with its token, which the cluster fills in: what Argo Rollouts sends along with its queries, having no
 * token of its own that the platform's Prometheus would take.
 */
export class PrometheusToken extends pulumi.ComponentResource {
  /** Key `token`. */
  readonly secret: k8s.core.v1.Secret;

  constructor(name: string, args: PrometheusTokenArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:serving:PrometheusToken", name, {}, opts);
    const { context, namespace, part, clusterRole } = args;
    const metadata = metadataOf(context, name, namespace, part);

    const account = new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, { parent: this });
    const { labels } = metadata;
    const binding = new k8s.rbac.v1.ClusterRoleBinding(
      name,
      {
        metadata: { name: namespace.apply((ns) => dnsLabel(ns, name)), labels },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: clusterRole },
        subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace }],
      },
      { parent: this },
    );
    this.secret = new k8s.core.v1.Secret(
      name,
      {
        metadata: { ...metadata, annotations: { "kubernetes.io/service-account.name": account.metadata.name } },
        type: "kubernetes.io/service-account-token",
      },
      // The token belongs to the cluster; what it puts in is none of the stack's business.
      { parent: this, dependsOn: [binding], ignoreChanges: ["data"] },
    );

    this.registerOutputs({});
  }
}
