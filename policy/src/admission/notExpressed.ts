/** Policies that no expression at admission says, and why. */
export type Reason =
  /** The API server refuses such objects by itself. */
  | "server"
  /** Needs other objects than the one that is sent; admission sees one at a time, in whatever order. */
  | "objects"
  /** Needs to know what admission is not told: the version of the target, or what the program said. */
  | "elsewhere";

export interface NotExpressed {
  readonly reason: Reason;
  /** A sentence for the page. */
  readonly because: string;
}

const server = (because: string): NotExpressed => ({ reason: "server", because });
const objects = (because: string): NotExpressed => ({ reason: "objects", because });
const elsewhere = (because: string): NotExpressed => ({ reason: "elsewhere", because });

export const notExpressed: Readonly<Record<string, NotExpressed>> = {
  "gpu-integer-limit": server("The API server refuses fractions of extended resources, and requests of them without a limit."),
  "gpu-request-equals-limit": server("The API server refuses extended resources whose request is not their limit."),
  "gpu-project-quota": objects("Whether a project has a quota shows in another object than the pod."),
  "gpu-isolated-tenants": objects("Tenants of other projects are seen in their namespaces and pods."),
  "gpu-capacity": objects("It sums up autoscalers, workloads, quotas and nodes."),
  "rollout-within-quota": objects("It compares a workload with the quota of its project."),
  "default-deny": objects("What is missing in a project is no object that could be refused."),
  "workload-selected-by-policy": objects("Whether a network policy selects a pod shows in the network policies."),
  "bindings-resolve": objects("Roles and subjects are other objects, which may come later."),
  "backup-declared": objects("The declaration stands in other objects than the volume."),
  "replicas-spread": objects("The number of replicas is the autoscaler's, where there is one."),
  "disruption-budget": objects("The budget is another object than the workload, and is made after it."),
  "autoscaler-sane": objects("Targets and other autoscalers are other objects."),
  "selectors-resolve": objects("Pods are made after the Service that selects them."),
  "alerts-complete": objects("Which pools have alerts shows in the workloads and the rules together."),
  "cost-budget": objects("It compares a quota with the budget on its project's namespace."),
  "api-versions": elsewhere("Admission gets each object in the version that the policy names, whichever was sent."),
  "gpu-priority": objects("Values of priority classes, and the classes of others' pods, are other objects."),
  "image-signatures": objects("It looks for another object: the one that says whose signatures count."),
  "no-runtime-download": elsewhere("Reading commands for what they fetch takes more than expressions can do within their cost."),
  "exposure-tls": objects("What a route demands may stand in its Gateway, its middlewares and its policies."),
  "exposure-authenticated": objects("What authenticates, and what answers behind a Service, are other objects."),
  "exposure-rate-limit": objects("Limits stand in middlewares and policies beside the route."),
  "no-secret-values": objects("It looks for the contents of the stack's Secrets in all other objects."),
  "volumes-protected": objects("Class, volume and claim are looked at together, with what the program says of keeping them."),
  "backups-safe": objects("It looks at schedules and their targets together."),
  "database-tls": objects("It looks at servers and their consumers together."),
};
