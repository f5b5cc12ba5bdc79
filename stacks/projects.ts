/** The projects of a stack, with the hard limits of each: what quotas, rights, policies, the capacity plan and reports read. Pure. */
import { furtherGpus } from "./gpu";
import { formatBytes, formatCpu, largest, parseBytes, parseCpu, sum } from "./quantities";
import type { StackConfig, TeamConfig } from "./schema";
import { sizingOf } from "./sizing";

/** Hard limits of a project. Quantities are Kubernetes'. */
export interface ProjectQuota {
  /** Requested CPU. */
  readonly cpu: string;
  /** Requested memory. */
  readonly memory: string;
  /** Sum of memory limits. */
  readonly memoryLimit: string;
  /** GPUs under the cluster's name for them. */
  readonly gpus: number;
  /** GPUs under other names that machines or pools have. @default there are none */
  readonly furtherGpus?: Readonly<Record<string, number>>;
  /** Sum of all claims. */
  readonly storage: string;
  readonly claims: number;
  readonly pods: number;
}

export interface ProjectPlan {
  /** `platform`, `infrastructure`, or the name of a team project: how configuration names it. */
  readonly key: string;
  /** `ai-development`, `ai-infrastructure`, `ai-development-ml` */
  readonly namespace: string;
  readonly kind: "platform" | "infrastructure" | "team";
  readonly quota: ProjectQuota;
  /** Teams whose project it is. */
  readonly teams: readonly TeamConfig[];
  /** Who pays for it. */
  readonly costCentre: string;
  /** What it may cost a month, in the currency of the site's reports: the budgets of its teams together. @default not stated by all of them */
  readonly monthlyBudget?: number;
}

/** Name of a project's namespace. @param key as in ProjectPlan */
export function namespaceOf(environment: StackConfig["environment"], key: string): string {
  if (key === "infrastructure") return "ai-infrastructure";
  return key === "platform" ? `ai-${environment}` : `ai-${environment}-${key}`;
}

/**
 * All projects: the platform's first, then `ai-infrastructure` where this stack manages the cluster, then the teams' in order of appearance.
 * `quota` takes precedence over what sizing gives the platform's project. Teams that name the same project share it; its quota is the sum of theirs.
 * What they are not asked for follows from it: memory limits up to twice the requested memory, as in the guide; a pod for each GiB of it, at least 10;
 * 20 claims for each team. The claims of the shared volumes that it sees come on top, in number and in storage: no team pays for what another one writes.
 */
export function projects(
  config: Pick<StackConfig, "environment" | "sizing" | "cluster" | "quota" | "teams" | "storage" | "serving" | "layers" | "costCentre">,
): readonly ProjectPlan[] {
  const { environment, quota: overrides } = config;
  const { platform, infrastructure } = sizingOf(config).quota;
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined)) as Partial<ProjectQuota>;
  const plan = (key: string, kind: ProjectPlan["kind"], quota: ProjectQuota, teams: readonly TeamConfig[] = []): ProjectPlan => ({
    key,
    namespace: namespaceOf(environment, key),
    kind,
    quota: { ...quota, ...furtherQuota(kind === "platform" ? config : { ...config, layers: { ...config.layers, serving: false } }) },
    teams,
    costCentre: teams.find(({ costCentre }) => costCentre !== undefined)?.costCentre ?? config.costCentre,
    ...budgetOf(teams),
  });
  const byProject = new Map<string, TeamConfig[]>();
  for (const team of config.teams) byProject.set(projectOf(team), [...(byProject.get(projectOf(team)) ?? []), team]);
  return [
    plan("platform", "platform", { ...platform, ...given }),
    ...(config.cluster.manage ? [plan("infrastructure", "infrastructure", infrastructure)] : []),
    ...[...byProject].map(([key, teams]) => plan(key, "team", teamQuota(key, teams, config), teams)),
  ];
}

/** The budgets of the teams of a project together; none where one of them has none: nobody said what it may cost. */
function budgetOf(teams: readonly TeamConfig[]): Pick<ProjectPlan, "monthlyBudget"> {
  const budgets = teams.flatMap(({ monthlyBudget = [] }) => monthlyBudget);
  return budgets.length === 0 || budgets.length < teams.length ? {} : { monthlyBudget: budgets.reduce((sum, budget) => sum + budget, 0) };
}

/** What teams get is counted under the cluster's name for GPUs: of the others they get none. */
function furtherQuota(config: Pick<StackConfig, "cluster" | "serving" | "layers">): Pick<ProjectQuota, "furtherGpus"> {
  const all = furtherGpus(config);
  return Object.keys(all).length === 0 ? {} : { furtherGpus: all };
}

/** Key of the project that a team works in. */
export function projectOf({ name, project = name }: Pick<TeamConfig, "name" | "project">): string {
  return project;
}

function teamQuota(key: string, teams: readonly TeamConfig[], { storage }: Pick<StackConfig, "storage">): ProjectQuota {
  const memory = sum(teams.map(({ quota }) => parseBytes(quota.memory)));
  const shared = sharedIn(key, { storage });
  return {
    cpu: formatCpu(sum(teams.map(({ quota }) => parseCpu(quota.cpu)))),
    memory: formatBytes(memory),
    memoryLimit: formatBytes(2n * memory),
    gpus: teams.reduce((total, { quota }) => total + quota.gpus, 0),
    storage: formatBytes(sum([...teams.map(({ quota }) => parseBytes(quota.storage)), ...shared.map(({ size }) => parseBytes(size))])),
    claims: 20 * teams.length + shared.length,
    pods: Number(largest(10n, memory / parseBytes("1Gi"))),
  };
}

type SharedVolume = NonNullable<StackConfig["storage"]["shared"]>["volumes"][number];

/** The shared volumes of which a project has a claim. */
export function sharedIn(key: string, { storage }: Pick<StackConfig, "storage">): readonly SharedVolume[] {
  return (storage.shared?.volumes ?? []).filter((volume) => sees(key, volume));
}

/** Whether a project sees a shared volume, as its writer or as one of its readers; by default all projects but ai-infrastructure read. */
export function sees(key: string, { writer, readers }: { readonly writer: string; readonly readers?: readonly string[] | undefined }): boolean {
  return key === writer || (readers === undefined ? key !== "infrastructure" : readers.includes(key));
}

/** The teams of all projects: where each works, with how much, which models it may ask, and its monthly budget. */
export function teamsOf(plans: readonly ProjectPlan[]) {
  return plans.flatMap(({ namespace, teams }) =>
    teams.map(({ name, group, quota, models, monthlyBudget }) => ({
      name,
      group,
      namespace,
      quota,
      models,
      ...(monthlyBudget === undefined ? {} : { monthlyBudget }),
    })),
  );
}
