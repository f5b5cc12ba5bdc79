/**
 * Who may do what in the projects: roles as rules of Kubernetes, least privilege. docs/access.md is made from them. Pure.
 *
 * A rule never says more than its words: no wildcards, and nobody may escalate, bind, impersonate or reach a node. Roles are bound to groups only, but for
 * `ci`, which is a service account.
 */
import type { ProjectPlan } from "./projects";
import { change, compact, read, write, type Rule } from "./rules";
import type { StackConfig } from "./schema";

export const roleNames = ["platform-admin", "operator", "data-scientist", "developer", "viewer", "ci"] as const;
export type RoleName = (typeof roleNames)[number];
export type ProjectKind = ProjectPlan["kind"];

export interface RoleOptions {
  readonly platform: StackConfig["platform"];
  /** Name of the pull secret that the stack makes in each project; undefined: it makes none. */
  readonly pullSecret?: string | undefined;
  /** Names of further Secrets that the stack makes in the project. @default none */
  readonly secrets?: readonly string[];
}

/** Name of the service account of pipelines, in the platform's project. */
export const ciAccount = "ci";

/** What Pulumi does with an object: it makes it, applies changes, reads it, watches until it is ready, deletes it. */
const manage = [...read, "create", "patch", "delete"];
/** A connection to a pod: older clients ask with POST, newer ones with GET, for which newer API servers want both. */
const connect = ["create", "get"];

const core = [""];
const workloads = ["deployments", "statefulsets"];

/** How Services become public, and other kinds that only one platform has. */
const platformKinds: Readonly<Record<StackConfig["platform"], { readonly routes: Rule; readonly others: readonly Rule[] }>> = {
  openshift: {
    routes: { apiGroups: ["route.openshift.io"], resources: ["routes"], verbs: [] },
    others: [
      { apiGroups: ["route.openshift.io"], resources: ["routes/custom-host"], verbs: ["create", "update"] },
      { apiGroups: ["k8s.ovn.org"], resources: ["egressfirewalls"], verbs: manage },
    ],
  },
  kubernetes: {
    routes: { apiGroups: ["gateway.networking.k8s.io"], resources: ["httproutes"], verbs: [] },
    others: [{ apiGroups: ["gateway.networking.k8s.io"], resources: ["referencegrants"], verbs: manage }],
  },
};

/** Kinds of controllers that a cluster may have; rights on what it does not serve give nothing. */
const controllers: readonly Omit<Rule, "verbs">[] = [
  { apiGroups: ["argoproj.io"], resources: ["analysistemplates", "rollouts"] },
  { apiGroups: ["autoscaling.k8s.io"], resources: ["verticalpodautoscalers"] },
  { apiGroups: ["keda.sh"], resources: ["scaledobjects", "triggerauthentications"] },
  { apiGroups: ["monitoring.coreos.com"], resources: ["podmonitors", "prometheusrules"] },
];

/** To look: all but logs, secrets and rights. */
function look({ platform }: RoleOptions): readonly Rule[] {
  const inCore = ["configmaps", "endpoints", "events", "limitranges", "persistentvolumeclaims", "pods", "resourcequotas", "serviceaccounts", "services"];
  return [
    { apiGroups: core, resources: inCore, verbs: read },
    { apiGroups: ["apps"], resources: [...workloads, "daemonsets", "replicasets"], verbs: read },
    { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"], verbs: read },
    { apiGroups: ["batch"], resources: ["cronjobs", "jobs"], verbs: read },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
    { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: read },
    { apiGroups: ["metrics.k8s.io"], resources: ["pods"], verbs: ["get", "list"] },
    { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: read },
    { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: read },
    { apiGroups: ["argoproj.io"], resources: ["analysisruns"], verbs: read },
    ...controllers.map((rule) => ({ ...rule, verbs: read })),
    { ...platformKinds[platform].routes, verbs: read },
  ];
}

const logs: Rule = { apiGroups: core, resources: ["pods/log"], verbs: ["get"] };
const forward: Rule = { apiGroups: core, resources: ["pods/portforward"], verbs: connect };

/** To keep what is there running: restart, scale, roll back, look inside. It makes no workloads but Jobs, of what is there. */
function operate(options: RoleOptions): readonly Rule[] {
  return [
    ...look(options),
    logs,
    forward,
    { apiGroups: core, resources: ["pods/exec"], verbs: connect },
    { apiGroups: core, resources: ["pods"], verbs: ["delete"] },
    { apiGroups: core, resources: ["pods/eviction"], verbs: ["create"] },
    { apiGroups: ["apps"], resources: workloads, verbs: change },
    { apiGroups: ["apps"], resources: workloads.map((name) => `${name}/scale`), verbs: ["get", ...change] },
    // Promotes, gives up and goes back, and asks the models after it: aictl.
    { apiGroups: ["argoproj.io"], resources: ["rollouts", "rollouts/status"], verbs: ["patch"] },
    { apiGroups: core, resources: ["services/proxy"], verbs: connect },
    { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"], verbs: change },
    { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "delete"] },
    { apiGroups: ["batch"], resources: ["cronjobs"], verbs: change },
    { ...platformKinds[options.platform].routes, verbs: change },
  ];
}

/** Notebooks and jobs. */
function experiment(options: RoleOptions): readonly Rule[] {
  return [
    ...look(options),
    logs,
    forward,
    { apiGroups: core, resources: ["configmaps", "persistentvolumeclaims"], verbs: write },
    { apiGroups: core, resources: ["pods"], verbs: ["create", "delete"] },
    { apiGroups: ["batch"], resources: ["jobs"], verbs: write },
  ];
}

/** Also services of one's own. Secrets can be made, not read. Nothing can be made public. */
function develop(options: RoleOptions): readonly Rule[] {
  return [
    ...experiment(options),
    { apiGroups: core, resources: ["services"], verbs: write },
    { apiGroups: core, resources: ["secrets"], verbs: ["create"] },
    { apiGroups: ["apps"], resources: workloads, verbs: write },
    { apiGroups: ["apps"], resources: workloads.map((name) => `${name}/scale`), verbs: ["get", ...change] },
    { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"], verbs: write },
    { apiGroups: ["batch"], resources: ["cronjobs"], verbs: write },
    { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: write },
  ];
}

/**
 * What `pulumi preview` and `up` need of a project that is there. Not: the namespace, whose labels say how safe pods must be, roles and bindings, whose rights
 * an account would have to have itself, and what is cluster-wide; a change of those is an administrator's `up`. Claims are never deleted by the stack.
 */
function deploy(kind: ProjectKind, { platform, pullSecret, secrets = [] }: RoleOptions): readonly Rule[] {
  const made = [...(pullSecret === undefined ? [] : [pullSecret]), ...secrets];
  const { routes, others } = platformKinds[platform];
  return [
    { apiGroups: core, resources: ["configmaps", "limitranges", "resourcequotas", "serviceaccounts", "services"], verbs: manage },
    { apiGroups: core, resources: ["persistentvolumeclaims"], verbs: [...read, "create", "patch"] },
    { apiGroups: core, resources: ["endpoints", "events", "pods"], verbs: read },
    { apiGroups: ["apps"], resources: workloads, verbs: manage },
    { apiGroups: ["apps"], resources: ["replicasets"], verbs: read },
    { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"], verbs: manage },
    { apiGroups: ["batch"], resources: ["jobs"], verbs: manage },
    { apiGroups: ["cert-manager.io"], resources: ["certificates"], verbs: manage },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
    { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: manage },
    { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: manage },
    { apiGroups: ["rbac.authorization.k8s.io"], resources: ["rolebindings", "roles"], verbs: read },
    ...controllers.map((rule) => ({ ...rule, verbs: manage })),
    { apiGroups: ["argoproj.io"], resources: ["analysisruns"], verbs: read },
    { ...routes, verbs: manage },
    ...others,
    ...(kind === "platform"
      ? [
          // The smoke check asks a model through the API server's proxy.
          { apiGroups: core, resources: ["services/proxy"], verbs: ["create"] },
          // A version that is late and that the controller has forgotten is given up.
          { apiGroups: ["argoproj.io"], resources: ["rollouts/status"], verbs: ["get", "patch"] },
        ]
      : []),
    ...(made.length === 0
      ? []
      : [
          { apiGroups: core, resources: ["secrets"], verbs: ["create"] },
          { apiGroups: core, resources: ["secrets"], verbs: ["get", "patch", "delete"], resourceNames: made },
        ]),
  ];
}

/**
 * All that the other roles may, so that they can be bound: the API server lets nobody give away what they don't have. Roles themselves can't be changed,
 * so a binding gives a role of the platform, or nothing that its maker could not do anyway.
 */
function administer(kind: ProjectKind, options: RoleOptions): readonly Rule[] {
  return [
    ...operate(options),
    ...develop(options),
    ...deploy(kind, { platform: options.platform }),
    { apiGroups: core, resources: ["limitranges", "persistentvolumeclaims", "resourcequotas", "secrets", "serviceaccounts"], verbs: [...read, ...write] },
    { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: write },
    { apiGroups: ["rbac.authorization.k8s.io"], resources: ["rolebindings"], verbs: write },
    // Keys and budgets of the gateway, with its administrator's key: aictl.
    ...(kind === "platform" ? [{ apiGroups: core, resources: ["services/proxy"], verbs: ["update", "delete"] }] : []),
    { ...platformKinds[options.platform].routes, verbs: write },
    // Short-lived tokens for pipelines that run elsewhere.
    ...(kind === "platform" ? [{ apiGroups: core, resources: ["serviceaccounts/token"], verbs: ["create"], resourceNames: [ciAccount] }] : []),
  ];
}

/** The roles of a project; one that has no rights there is left out. */
export function rolesOf(kind: ProjectKind, options: RoleOptions): Readonly<Partial<Record<RoleName, readonly Rule[]>>> {
  const everywhere = { "platform-admin": administer(kind, options), operator: operate(options), viewer: look(options), ci: deploy(kind, options) };
  const inTeams = kind === "team" ? { "data-scientist": experiment(options), developer: develop(options) } : {};
  const roles: Partial<Record<RoleName, readonly Rule[]>> = { ...everywhere, ...inTeams };
  return Object.fromEntries(roleNames.flatMap((name) => (roles[name] === undefined ? [] : [[name, compact(roles[name])]])));
}

/** What `ci` may do besides the projects: read, by name, what `pulumi refresh` and a preview look at. */
export const ciClusterRules: readonly Rule[] = compact([
  { apiGroups: core, resources: ["namespaces", "nodes", "persistentvolumes"], verbs: ["get"] },
  { apiGroups: ["rbac.authorization.k8s.io"], resources: ["clusterrolebindings", "clusterroles"], verbs: ["get"] },
  { apiGroups: ["scheduling.k8s.io"], resources: ["priorityclasses"], verbs: ["get"] },
  { apiGroups: ["snapshot.storage.k8s.io"], resources: ["volumesnapshotclasses"], verbs: ["get"] },
  { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: ["get"] },
]);

/** Groups that have a role in a project, each once. A team has the developer's in its own. */
export function groupsOf(role: RoleName, plan: Pick<ProjectPlan, "teams">, access: StackConfig["access"]): readonly string[] {
  const groups: Readonly<Record<RoleName, readonly string[]>> = {
    "platform-admin": access.platformAdmins,
    operator: access.operators,
    "data-scientist": access.dataScientists,
    developer: [...access.developers, ...plan.teams.map(({ group }) => group)],
    viewer: access.viewers,
    ci: [],
  };
  return [...new Set(groups[role])];
}
