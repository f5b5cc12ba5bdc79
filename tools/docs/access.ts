/** docs/access.md: who may do what, made from stacks/access.ts. The contract test asks an API server each of its cells. */
import { ciAccount, ciClusterRules, roleNames, rolesOf, type ProjectKind, type RoleName } from "../../stacks/access";
import { read, write, type Rule } from "../../stacks/rules";
import type { StackConfig } from "../../stacks/schema";

const kinds: readonly (readonly [ProjectKind, string])[] = [
  ["platform", "The platform's project, `ai-<environment>`"],
  ["infrastructure", "`ai-infrastructure`, where the stack manages the cluster"],
  ["team", "Projects of teams, `ai-<environment>-<project>`"],
];
type Platform = StackConfig["platform"];
/** Stands for the name of the pull secret. */
export const pullSecret = "PULL-SECRET";

/** What nobody has but where the table says so, `resource` or `resource.group`: a row of each, so that it is seen and tested. */
const sensitive: readonly string[] = [
  "pods/attach",
  "pods/ephemeralcontainers",
  "pods/exec",
  "pods/proxy",
  "secrets",
  "serviceaccounts/token",
  "services/proxy",
  "rolebindings.rbac.authorization.k8s.io",
  "roles.rbac.authorization.k8s.io",
];
/** Of the whole cluster. */
const sensitiveClusterWide: readonly string[] = [
  "namespaces",
  "nodes",
  "nodes/proxy",
  "persistentvolumes",
  "secrets",
  "certificatesigningrequests.certificates.k8s.io",
  "clusterrolebindings.rbac.authorization.k8s.io",
  "clusterroles.rbac.authorization.k8s.io",
  "customresourcedefinitions.apiextensions.k8s.io",
  "priorityclasses.scheduling.k8s.io",
  "storageclasses.storage.k8s.io",
  "validatingwebhookconfigurations.admissionregistration.k8s.io",
];
/** Verbs beside the usual ones, with what they act on. Nobody has them. */
export const powers: Readonly<Record<string, readonly string[]>> = {
  bind: ["roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"],
  escalate: ["roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"],
  impersonate: ["users", "groups", "serviceaccounts"],
  deletecollection: ["pods", "secrets", "persistentvolumeclaims"],
};

/** Verbs by role. */
type Row = Readonly<Partial<Record<RoleName, readonly string[]>>>;
/** Rows by `resource` or `resource.group`. */
export type Grid = ReadonlyMap<string, Row>;

const keyOf = (group: string, resource: string): string => (group === "" ? resource : `${resource}.${group}`);

function rightsOf(rules: readonly Rule[], named: boolean): ReadonlyMap<string, readonly string[]> {
  const rights = new Map<string, readonly string[]>();
  for (const { apiGroups, resources, verbs, resourceNames } of rules.filter((rule) => (rule.resourceNames !== undefined) === named)) {
    for (const key of apiGroups.flatMap((group) => resources.map((resource) => keyOf(group, resource)))) {
      rights.set(`${key}${named ? ` ${(resourceNames ?? []).join(", ")}` : ""}`, verbs);
    }
  }
  return rights;
}

function gridOf(roles: Readonly<Partial<Record<RoleName, readonly Rule[]>>>, rows: readonly string[], named: boolean): Grid {
  const byRole = roleNames.map((role) => [role, rightsOf(roles[role] ?? [], named)] as const);
  const keys = [...new Set([...byRole.flatMap(([, rights]) => [...rights.keys()]), ...rows])];
  const group = (key: string) => key.slice(key.indexOf(".") < 0 ? key.length : key.indexOf("."));
  const sorted = keys.sort((a, b) => (group(a) === group(b) ? (a < b ? -1 : 1) : group(a) < group(b) ? -1 : 1));
  return new Map(sorted.map((key) => [key, Object.fromEntries(byRole.map(([role, rights]) => [role, rights.get(key) ?? []]))]));
}

/** What every role may do to every resource of a project. @param named rights to objects of one name only, as `resource name` */
export function grid(kind: ProjectKind, platform: Platform, named = false): Grid {
  return gridOf(rolesOf(kind, { platform, pullSecret }), named ? [] : sensitive, named);
}

/** What every role may do in the whole cluster. */
export function clusterGrid(): Grid {
  return gridOf({ ci: ciClusterRules }, sensitiveClusterWide, false);
}

/** `read` is get, list and watch; `write` create, update, patch and delete. */
function cellOf(verbs: readonly string[]): string {
  const short = (words: readonly string[], name: string, within: readonly string[]) =>
    words.every((word) => within.includes(word)) ? [name] : within.filter((verb) => words.includes(verb));
  return verbs.length === 0 ? "–" : [...short(read, "read", verbs), ...short(write, "write", verbs)].join(", ");
}

function table(head: string, rows: Grid, note: (key: string) => string = () => ""): string {
  const columns = roleNames.filter((role) => [...rows.values()].some((row) => (row[role] ?? []).length > 0));
  const lines = [...rows].map(([key, row]) => `| ${key}${note(key)} | ${columns.map((role) => cellOf(row[role] ?? [])).join(" | ")} |`);
  return [`| ${head} | ${columns.join(" | ")} |`, `|---${"|---".repeat(columns.length)}|`, ...lines].join("\n");
}

/** Both platforms in one table: rows that only one has say so. */
function both(kind: ProjectKind, named: boolean): { readonly rows: Grid; readonly note: (key: string) => string } {
  const [openshift, kubernetes] = [grid(kind, "openshift", named), grid(kind, "kubernetes", named)];
  const note = (key: string) => (!kubernetes.has(key) ? " (OpenShift)" : !openshift.has(key) ? " (Kubernetes)" : "");
  return { rows: new Map([...openshift, ...[...kubernetes].filter(([key]) => !openshift.has(key))]), note };
}

function projectSection([kind, title]: (typeof kinds)[number]): string {
  const [all, named] = [both(kind, false), both(kind, true)];
  return [
    `## ${title}`,
    table("resource", all.rows, all.note),
    ...(named.rows.size > 0 ? ["By name only:", table("resource and name", named.rows, named.note)] : []),
  ].join("\n\n");
}

/** The whole document. */
export function accessDocs(): string {
  return `${[intro, ...kinds.map(projectSection), "## The whole cluster", table("resource", clusterGrid()), outro].join("\n\n")}\n`;
}

const intro = `# Who may do what

<!-- Made from stacks/access.ts by tools/docs/access.ts: change it there. -->

Rights are given to groups, in each project on its own. The groups of \`access.*\` in the configuration have their role in all projects of the stack that have it;
the group of a team is \`developer\` in the team's project and has no other. A role that no group has is not made. With \`layers.access: false\` nothing of
this is made.

| role | who | configuration |
|---|---|---|
| platform-admin | runs the platform: everything in its projects, quotas, secrets and bindings included | \`access.platformAdmins\` |
| operator | keeps it running: restarts, scale, logs, a shell in its pods | \`access.operators\` |
| data-scientist | notebooks and jobs in the projects of teams | \`access.dataScientists\` |
| developer | workspaces and services of their own in the projects of teams | \`access.developers\`, the groups of \`teams\` |
| viewer | looks, without logs and secrets | \`access.viewers\` |
| ci | pipelines: the service account \`${ciAccount}\` of the platform's project | none: it is there with \`layers.access\` |

In the tables, \`read\` is get, list and watch; \`write\` is create, update, patch and delete. What is not in a table, nobody gets from the platform.`;

const outro = `Nobody has these: ${Object.entries(powers)
  .map(([verb, on]) => `\`${verb}\` (${on.join(", ")})`)
  .join("; ")}.

## What this means

- **Who may run pods in a project can use what pods of the project can use**: its Secrets, volumes and service accounts. Kubernetes has no barrier there. In the
  platform's project these are operators (they change workloads and have a shell), platform admins and \`ci\`; in a team's project its members too.
- **Secrets**: only platform admins read them through the API. Developers may make one and not read it again; to change one they make another.
- **Bindings**: platform admins may bind roles, and the API server lets them give away no more than they have themselves. Roles can't be changed by anyone
  here. \`kubectl create rolebinding NAME --role=ai-developer --group=GROUP -n PROJECT\` lets another group in until the group stands in the configuration.
- **\`ci\`** can run \`preview\`, and \`up\` where objects inside projects change. It can't make or change namespaces, roles, bindings, priority and storage classes,
  volumes, labels of nodes, or a Route's access to its certificate; an \`up\` with such a change fails for it, naming the right that is missing, and is an
  administrator's to run. The first \`up\` always is. A dry run of what it may not write is shown as written in the program, without the API server's defaults.
- **A token for \`ci\`**: there is no lasting one. A pipeline that runs in the cluster has its pod's, elsewhere a platform admin asks for one that ends:
  \`kubectl create token ${ciAccount} -n ai-<environment> --duration=1h\`.`;
