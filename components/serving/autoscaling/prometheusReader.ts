import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { metadataOf, type StackContext } from "../../common/context";
import type { Part } from "../../common/labels";
import type { PrometheusReaderProfile } from "../../common/platform";

export interface PrometheusReaderArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Input<string>;
  readonly part: Part;
  readonly reader: PrometheusReaderProfile;
}

/**
 * Lets KEDA read the metrics of this namespace, and of no other, where Prometheus asks who is there: a ServiceAccount with that right, for which KEDA's operator
 * may make tokens that last an hour. No token is kept in a Secret.
 */
export class PrometheusReader extends pulumi.ComponentResource {
  /** Name of the TriggerAuthentication. */
  readonly authentication: string;

  constructor(name: string, args: PrometheusReaderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:serving:PrometheusReader", name, {}, opts);
    const { context, namespace, part, reader } = args;
    const metadata = (of: string) => metadataOf(context, of, namespace, part);
    this.authentication = name;

    const account = new k8s.core.v1.ServiceAccount(name, { metadata: metadata(name), automountServiceAccountToken: false }, { parent: this });
    const role = (of: string, rules: k8s.types.input.rbac.v1.PolicyRule[], subject: k8s.types.input.rbac.v1.Subject) => {
      const made = new k8s.rbac.v1.Role(of, { metadata: metadata(of), rules }, { parent: this });
      return new k8s.rbac.v1.RoleBinding(
        of,
        { metadata: metadata(of), roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: of }, subjects: [subject] },
        { parent: this, dependsOn: [made] },
      );
    };
    const reads = role(name, [...reader.rules.map((rule) => ({ ...rule }))], { kind: "ServiceAccount", name, namespace });
    const makesTokens = role(`${name}-token`, [{ apiGroups: [""], resources: ["serviceaccounts/token"], resourceNames: [name], verbs: ["create"] }], {
      kind: "ServiceAccount",
      ...reader.operator,
    });
    new k8s.apiextensions.CustomResource(
      name,
      {
        apiVersion: "keda.sh/v1alpha1",
        kind: "TriggerAuthentication",
        metadata: metadata(name),
        spec: {
          boundServiceAccountToken: [{ parameter: "bearerToken", serviceAccountName: name }],
          configMapTargetRef: [{ parameter: "ca", ...reader.authority }],
        },
      },
      { parent: this, dependsOn: [account, reads, makesTokens] },
    );
    this.registerOutputs({ authentication: this.authentication });
  }
}
