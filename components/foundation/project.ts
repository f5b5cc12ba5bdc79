import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ProjectPlan } from "../../stacks/projects";
import type { StackConfig } from "../../stacks/schema";
import type { Sizing } from "../../stacks/sizing";
import { metadataOf, retainedMetadata, type StackContext } from "../common/context";
import { costCentreLabel, environmentLabel, monthlyBudgetAnnotation, projectKindLabel, teamLabel, type Part } from "../common/labels";
import { trustedCA } from "../common/site";
import { defaultObjects, limitsOf, quotaOf, type ObjectCounts } from "./limits";

/** Version of the Pod Security Standards that the project is held to: a cluster's upgrade does not change what it accepts. Older clusters take their newest. */
const podSecurityVersion = "v1.36";

export interface ProjectArgs {
  readonly context: StackContext;
  readonly environment: StackConfig["environment"];
  readonly plan: ProjectPlan;
  /** Defaults and limits of containers that say nothing, and the most that one may ask for. */
  readonly containers: Sizing["containers"];
  /** How many objects of a kind the project may have, by the quota's name for them. @default defaultObjects */
  readonly objects?: ObjectCounts;
  /** Certificates of the site's authorities in PEM; undefined: none. */
  readonly trustedCA?: string | undefined;
  /** Content of the pull secret `context.site.pullSecret`, as a .dockerconfigjson; undefined: none, or one that is there already. */
  readonly registryCredentials?: pulumi.Input<string> | undefined;
}

/**
 * A project: a namespace that accepts restricted pods only, with quotas and limits, and with what the site puts beside every pod. The component's name is
 * the namespace's.
 *
 * The namespace outlives the stack, with the volumes in it; all else goes (docs/adr/0005). It gets no pods of the service account `default`: every workload
 * has one of its own.
 */
export class Project extends pulumi.ComponentResource {
  /** Name of the namespace, known once it is there. */
  readonly namespace: pulumi.Output<string>;

  constructor(name: string, args: ProjectArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:foundation:Project", name, {}, opts);
    const { context, plan } = args;
    const part: Part = { name: "project", component: "foundation", instance: name };
    const { labels, annotations: retained } = retainedMetadata(context, name, undefined, part);
    const annotations = { ...retained, ...(plan.monthlyBudget === undefined ? {} : { [monthlyBudgetAnnotation]: String(plan.monthlyBudget) }) };

    const namespace = new k8s.core.v1.Namespace(
      name,
      { metadata: { name, annotations, labels: { ...labels, ...kindLabels(args), ...context.profile.projectLabels, ...podSecurityLabels() } } },
      { parent: this, ...context.retained },
    );
    this.namespace = namespace.metadata.name;
    const metadata = (object: string) => metadataOf(context, object, this.namespace, part);

    new k8s.core.v1.ResourceQuota(
      `${name}-quota`,
      { metadata: metadata("quota"), spec: { hard: quotaOf(plan.quota, context.site.gpuResource, args.objects ?? defaultObjects) } },
      { parent: this },
    );
    new k8s.core.v1.LimitRange(`${name}-limits`, { metadata: metadata("limits"), spec: { limits: limitsOf(args.containers, plan.quota) } }, { parent: this });

    if (args.trustedCA !== undefined) {
      const data = { [trustedCA.key]: args.trustedCA };
      new k8s.core.v1.ConfigMap(`${name}-${trustedCA.configMap}`, { metadata: metadata(trustedCA.configMap), data }, { parent: this });
    }
    if (context.site.pullSecret !== undefined && args.registryCredentials !== undefined) {
      new k8s.core.v1.Secret(
        `${name}-pull-secret`,
        {
          metadata: metadata(context.site.pullSecret),
          type: "kubernetes.io/dockerconfigjson",
          stringData: { ".dockerconfigjson": pulumi.secret(args.registryCredentials) },
        },
        { parent: this },
      );
    }

    this.registerOutputs({ namespace: this.namespace });
  }
}

function kindLabels({ plan, environment }: ProjectArgs): Record<string, string> {
  return {
    [projectKindLabel]: plan.kind,
    // `ai-infrastructure` belongs to the cluster, not to an environment.
    [environmentLabel]: plan.kind === "infrastructure" ? "shared" : environment,
    [costCentreLabel]: plan.costCentre,
    ...Object.fromEntries(plan.teams.map(({ name }) => [teamLabel(name), "true"])),
  };
}

function podSecurityLabels(): Record<string, string> {
  return Object.fromEntries(
    ["enforce", "audit", "warn"].flatMap((mode) => [
      [`pod-security.kubernetes.io/${mode}`, "restricted"],
      [`pod-security.kubernetes.io/${mode}-version`, podSecurityVersion],
    ]),
  );
}
