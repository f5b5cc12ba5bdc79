import { profileOf } from "../../../components/common/platform";
import { tellsOperator } from "../../../stacks/gpuSharing";
import type { BuildConfig, StackConfig } from "../../../stacks/schema";
import type { Api } from "../api";
import { claims } from "./capabilities";
import { ok, problem, type Check, type Wanted } from "../types";

/** A kind of object that the stack makes, or a right that its pods' checks need. */
export interface Right {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  /** In each of the stack's projects, or of the cluster. */
  readonly scope: "projects" | "cluster";
  readonly verbs: readonly string[];
  /** A namespace that is no project. @default by the scope */
  readonly namespace?: (config: StackConfig) => string;
  /** Whether this configuration needs it. @default always */
  readonly when?: (config: StackConfig) => boolean;
}

/** What Pulumi does with an object: find it, wait for it, make it, change it, delete it. */
const all = ["get", "list", "watch", "create", "patch", "delete"] as const;

const right =
  (scope: Right["scope"]) =>
  (group: string, resource: string, when?: Right["when"]): Right => ({ group, resource, scope, verbs: all, ...(when ? { when } : {}) });
const project = right("projects");
const cluster = right("cluster");
const look = (group: string, resource: string): Right => ({ group, resource, scope: "projects", verbs: ["get", "list", "watch"] });

const access = ({ layers }: StackConfig) => layers.access;
const serves =
  (capability: string) =>
  (config: StackConfig): boolean =>
    config.layers.serving && claims(config, capability);
const builds =
  (by: string, also: (build: BuildConfig) => boolean = () => true) =>
  (config: StackConfig): boolean =>
    claims(config, `builds: ${by}`) && config.builds.some(also);
const listens = builds("tekton", ({ webhook }) => webhook !== undefined);
const exposes = ({ gateway }: StackConfig) => gateway?.host !== undefined;
const showsOwnCertificate = (config: StackConfig) => exposes(config) && config.network.exposure.certificate.kind !== "platform";
/** Rights are given to people, and to what reads metrics, starts builds or reads the certificate of a Route. */
const gives = (config: StackConfig) =>
  (config.platform === "openshift" && showsOwnCertificate(config)) ||
  access(config) ||
  serves("argoRollouts")(config) ||
  serves("customMetrics: keda")(config) ||
  listens(config);
const manages =
  (also: (config: StackConfig) => boolean = () => true) =>
  (config: StackConfig) =>
    config.cluster.manage && also(config);
const operatorNamespace = ({ cluster: { gpuOperatorNamespace }, platform }: StackConfig) => gpuOperatorNamespace ?? profileOf(platform).gpuOperatorNamespace;
const rbac = "rbac.authorization.k8s.io";

/** All that a stack can make. A test compares it with the program. */
export const rightsTable: readonly Right[] = [
  cluster("", "namespaces"),
  cluster("", "persistentvolumes", ({ storage }) => storage.shared !== undefined),
  cluster("scheduling.k8s.io", "priorityclasses", manages()),
  cluster(
    "storage.k8s.io",
    "storageclasses",
    manages(({ storage }) => storage.classes.kind !== "existing"),
  ),
  cluster(
    "snapshot.storage.k8s.io",
    "volumesnapshotclasses",
    manages((config) => claims(config, "volumeSnapshots")),
  ),
  { group: "", resource: "nodes", scope: "cluster", verbs: ["get", "patch"], when: manages((config) => config.cluster.nodeLabels.length > 0) },
  project("", "configmaps"),
  project("", "limitranges"),
  project("", "persistentvolumeclaims"),
  project("", "resourcequotas"),
  project("", "secrets"),
  project("", "serviceaccounts"),
  project("", "services"),
  project("apps", "deployments"),
  project("apps", "statefulsets", ({ gateway, data }) => gateway !== undefined && data.postgres.kind === "single"),
  project("autoscaling", "horizontalpodautoscalers", ({ serving }) => serving.pools.some(({ scale }) => scale !== undefined)),
  project("batch", "jobs"),
  project("networking.k8s.io", "networkpolicies"),
  project("k8s.ovn.org", "egressfirewalls", ({ network }) => network.allowedHosts.length > 0),
  project("policy", "poddisruptionbudgets"),
  project("route.openshift.io", "routes", (config) => config.platform === "openshift" && exposes(config)),
  project("gateway.networking.k8s.io", "httproutes", (config) => config.platform === "kubernetes" && exposes(config)),
  project("gateway.networking.k8s.io", "referencegrants", (config) => config.platform === "kubernetes" && showsOwnCertificate(config)),
  project("cert-manager.io", "certificates", (config) => exposes(config) && config.network.exposure.certificate.kind === "cert-manager"),
  project("argoproj.io", "rollouts", serves("argoRollouts")),
  project("argoproj.io", "analysistemplates", serves("argoRollouts")),
  project("monitoring.coreos.com", "podmonitors", serves("monitoring")),
  project("monitoring.coreos.com", "prometheusrules", serves("monitoring")),
  project("keda.sh", "scaledobjects", serves("customMetrics: keda")),
  project("keda.sh", "triggerauthentications", serves("customMetrics: keda")),
  project("autoscaling.k8s.io", "verticalpodautoscalers", serves("verticalPodAutoscaler")),
  project("build.openshift.io", "buildconfigs", builds("openshift")),
  project("image.openshift.io", "imagestreams", builds("openshift")),
  project("tekton.dev", "tasks", builds("tekton")),
  project("tekton.dev", "pipelines", builds("tekton")),
  project("triggers.tekton.dev", "eventlisteners", listens),
  project("triggers.tekton.dev", "triggerbindings", listens),
  project("triggers.tekton.dev", "triggertemplates", listens),
  // The ConfigMap of NVIDIA's operator is in its namespace.
  { group: "", resource: "configmaps", scope: "projects", verbs: all, when: tellsOperator, namespace: operatorNamespace },
  cluster(rbac, "clusterroles", access),
  cluster(rbac, "clusterrolebindings", gives),
  { group: rbac, resource: "clusterroles", scope: "cluster", verbs: ["escalate", "bind"], when: gives },
  project(rbac, "roles", gives),
  project(rbac, "rolebindings", gives),
  // Who gives rights must have them, or be allowed to give more than that.
  { group: rbac, resource: "roles", scope: "projects", verbs: ["escalate", "bind"], when: gives },
  // What Pulumi reads to tell why something does not become ready.
  look("", "pods"),
  // Before what is cluster-wide goes, pods of other stacks that need it are looked for.
  { group: "", resource: "pods", scope: "cluster", verbs: ["list"], when: manages() },
  look("", "events"),
  look("apps", "replicasets"),
  look("discovery.k8s.io", "endpointslices"),
  { group: "", resource: "services", subresource: "proxy", scope: "projects", verbs: ["create"], when: ({ smokeCheck }) => smokeCheck },
];

const wide = "cluster-wide";

interface Missing {
  readonly what: string;
  readonly where: string;
  readonly verb: string;
}

export const rights: Check = {
  id: "rights",
  title: "rights",
  async run(api, wanted) {
    if (await api.allowed({ verb: "*", group: "*", resource: "*" })) return [ok("everything: a cluster administrator")];
    const needed = questions(wanted);
    const missing = (await Promise.all(needed.map((one) => ask(api, one)))).flat();
    if (missing.length === 0) return [ok(`all ${needed.length} that the stack needs`)];
    return grouped(missing).map(({ what, where, verbs }) =>
      problem(
        `no right to ${verbs.join(", ")} ${what} ${where}`,
        "what the stack makes, changes and deletes",
        "have a cluster administrator grant it to who runs pulumi (docs/doctor.md)",
      ),
    );
  },
};

function questions({
  config,
  projects,
}: Wanted): readonly (Omit<Right, "verbs" | "when" | "namespace"> & { readonly verb: string; readonly namespace?: string })[] {
  return rightsTable
    .filter(({ when }) => when?.(config) ?? true)
    .flatMap(({ verbs, when: _when, ...right }) => verbs.map((verb) => ({ ...right, verb })))
    .flatMap(({ namespace: elsewhere, ...right }) => {
      if (right.scope === "cluster") return [right];
      return (elsewhere ? [elsewhere(config)] : projects.map(({ namespace }) => namespace)).map((namespace) => ({ ...right, namespace }));
    });
}

async function ask(api: Api, { scope, ...access }: ReturnType<typeof questions>[number]): Promise<Missing[]> {
  if (await api.allowed(access)) return [];
  const { verb, group, resource, subresource, namespace } = access;
  const what = `${resource}${subresource ? `/${subresource}` : ""}${group ? `.${group}` : ""}`;
  return [{ what, verb, where: scope === "cluster" ? wide : (namespace ?? "") }];
}

interface Line {
  readonly what: string;
  readonly where: string;
  readonly verbs: readonly string[];
}

/** One line for each kind and set of verbs, so that all is seen at once. */
function grouped(missing: readonly Missing[]): readonly Line[] {
  const verbs = Map.groupBy(missing, ({ what, where }) => `${what} ${where}`);
  const lines = [...verbs.values()].map(([first, ...more]) => ({ ...first, verbs: [first, ...more].map((one) => one?.verb ?? "") }));
  const places = Map.groupBy(lines, ({ what, verbs: all, where }) => `${what} ${all.join()} ${where === wide}`);
  return [...places.values()].map((same) => {
    const where = same.map((line) => line.where ?? "").join(", ");
    return { what: same[0]?.what ?? "", verbs: same[0]?.verbs ?? [], where: where === wide ? wide : `in ${where}` };
  });
}
