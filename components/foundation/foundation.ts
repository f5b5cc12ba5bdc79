import * as pulumi from "@pulumi/pulumi";
import { connections, outsideAddresses } from "../../stacks/connections";
import { labelledNodes } from "../../stacks/gpuSharing";
import { gatewaySecrets } from "../../stacks/gateway";
import { projects } from "../../stacks/projects";
import type { StackConfig } from "../../stacks/schema";
import { sizingOf } from "../../stacks/sizing";
import type { StackContext } from "../common/context";
import { Access } from "./access";
import { ClusterScope } from "./clusterScope";
import { Isolation } from "./isolation";
import { NodeLabels } from "./nodeLabels";
import { Project } from "./project";
import { SharedVolumes } from "./sharedVolumes";
import { StorageClasses } from "./storageClasses";

export interface FoundationArgs {
  readonly context: StackContext;
  readonly config: StackConfig;
  /** Content of the pull secret; undefined: none, or one that is there already. */
  readonly registryCredentials: pulumi.Input<string> | undefined;
}

/** The ground that all other layers stand on: projects with quotas, rights and isolation, and what of the cluster is this stack's to manage. */
export class Foundation extends pulumi.ComponentResource {
  /** Namespaces by the key of their project, known once they are there. */
  readonly namespaces: ReadonlyMap<string, pulumi.Output<string>>;
  /** What workloads wait for: before it there is no room, no isolation, no class. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: FoundationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:foundation:Foundation", name, {}, opts);
    const { config, context } = args;
    const { cluster } = config;
    const plans = projects(config);
    const table = connections(config);
    const own = { parent: this };

    const wide: pulumi.Resource[] = [];
    if (cluster.manage) {
      wide.push(new ClusterScope("cluster-scope", { context }, own));
      wide.push(new StorageClasses("storage-classes", { context, classes: config.storage.classes, snapshots: cluster.capabilities.volumeSnapshots }, own));
    }
    const nodes = labelledNodes(config);
    if (nodes.length > 0) wide.push(new NodeLabels("node-labels", { context, nodes }, own));

    const made = plans.map((plan) => {
      const project = new Project(
        plan.namespace,
        {
          context,
          environment: config.environment,
          plan,
          containers: sizingOf(config).containers,
          trustedCA: config.network.trustedCA,
          registryCredentials: args.registryCredentials,
        },
        // Release 0.1.0 had it directly under the platform.
        { ...own, aliases: opts?.parent ? [{ parent: opts.parent }] : [] },
      );
      const { namespace } = project;
      new Isolation(
        plan.namespace,
        {
          context,
          namespace,
          plan,
          connections: table,
          outside: outsideAddresses(config),
          allowedHosts: config.network.allowedHosts,
          capabilities: cluster.capabilities,
        },
        { ...own, dependsOn: [project] },
      );
      if (config.layers.access) {
        const managesPullSecret = args.registryCredentials !== undefined;
        new Access(
          plan.namespace,
          { context, environment: config.environment, namespace, plan, access: config.access, managesPullSecret, secrets: gatewaySecrets(config, plan.key) },
          { ...own, dependsOn: [project] },
        );
      }
      return { plan, project };
    });
    this.namespaces = new Map(made.map(({ plan, project }) => [plan.key, project.namespace]));
    this.ready = [...wide, ...made.map(({ project }) => project)];

    const { shared } = config.storage;
    if (shared)
      new SharedVolumes(
        "shared-volumes",
        {
          context,
          share: shared.share,
          encryption: shared.encryption,
          volumes: shared.volumes,
          projects: plans,
          namespaces: this.namespaces,
          fileContext: context.profile.fileContext,
        },
        { ...own, dependsOn: [...this.ready] },
      );

    this.registerOutputs({});
  }
}
