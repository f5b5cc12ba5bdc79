/** The capacity plan as a table for people. Pure. */
import { furtherNames, furtherOf, readable, resources, type Amounts, type Resource } from "./amounts";
import type { CapacityPlan, NodesUse, ProjectUse, Workload } from "./capacityPlan";
import { largest } from "./quantities";

/** A line over all columns, or a name with a cell for each resource. */
type Row = string | readonly [name: string, ...cells: string[]];

const columns: Readonly<Record<Resource, string>> = { pods: "pods", cpu: "CPU", memory: "memory", memoryLimit: "limits", gpus: "GPUs", storage: "storage" };
const nameWidth = 40;
const lineWidth = 99;

/** What teams are promised is reckoned in these. */
export const promisedResources = ["cpu", "memory", "gpus"] as const satisfies readonly Resource[];
const ofNodes = ["pods", "cpu", "memory", "gpus"] as const satisfies readonly Resource[];

/** Aligned text of less than 100 columns: per project its workloads, their sum, its quota and how much of it is used; then the declared machines. */
export function capacityTable({ workloads, projects, guaranteed, promised, nodes }: CapacityPlan): string {
  return layOut([
    ["at the largest scale", ...resources.map((resource) => columns[resource])],
    ...projects.flatMap((use) => ofProject(use, workloads)),
    ...(nodes ? ofMachines(nodes, guaranteed, promised) : ["cluster.nodes: none declared, so the plan is checked against quotas only"]),
  ]);
}

function ofProject({ project, class: kind, teams, used, hard }: ProjectUse, workloads: readonly Workload[]): Row[] {
  if (kind === "shared") return [`${project}, shared: ${teams.join(", ")}`, row("  quota", hard)];
  const own = workloads.filter((one) => one.project === project);
  return [
    `${project}, guaranteed`,
    ...own.map(({ name, scale, total }) => row(`  ${name}${scale === "" ? "" : `: ${scale}`}`, total)),
    ...(own.length > 0 ? [row("  sum", used)] : []),
    row("  quota", hard),
    ...(own.length > 0 ? [percents("  used", used, hard)] : []),
    ...furtherNames([hard, used]).flatMap((name) => ofFurther(name, own, used, hard)),
  ];
}

/** GPUs under another name than the cluster's: `nvidia.com/mig-1g.10gb: 8 of 9 (pool chat 8)`. Nothing where nobody may have any. */
function ofFurther(name: string, own: readonly Workload[], used: Amounts, hard: Amounts): Row[] {
  if (furtherOf(hard, name) === 0n) return [];
  const takers = own.filter(({ total }) => furtherOf(total, name) > 0n).map((one) => `${one.name} ${furtherOf(one.total, name)}`);
  return [`  ${name}: ${furtherOf(used, name)} of ${furtherOf(hard, name)}${takers.length > 0 ? ` (${takers.join(", ")})` : ""}`];
}

function ofMachines({ groups, total, left, mayPromise, overcommit }: NodesUse, guaranteed: Amounts, promised: Amounts): Row[] {
  return [
    `cluster.nodes: ${groups}`,
    row("  sum", total, ofNodes),
    row("  guaranteed", guaranteed, ofNodes),
    percents("  used", guaranteed, total, ofNodes),
    row("  left", left, ofNodes),
    row(`  may be promised (${overcommit} × left)`, mayPromise, promisedResources),
    row("  promised to teams", promised, promisedResources),
    percents("  used", promised, mayPromise, promisedResources),
    ...furtherNames([total]).map((name) => `  ${name}: ${furtherOf(guaranteed, name)} of ${furtherOf(total, name)}`),
  ];
}

function row(name: string, of: Amounts, shown: readonly Resource[] = resources): Row {
  return [name, ...resources.map((resource) => (!shown.includes(resource) ? "" : of[resource] === 0n ? "-" : readable(resource, of[resource])))];
}

function percents(name: string, part: Amounts, whole: Amounts, shown: readonly Resource[] = resources): Row {
  return [name, ...resources.map((resource) => (shown.includes(resource) ? percent(part[resource], whole[resource]) : ""))];
}

/** Rounded down, so that 100% says that nothing is left; what takes anything takes 1%. */
function percent(part: bigint, whole: bigint): string {
  if (part === 0n) return "-";
  return whole === 0n ? "none" : `${largest(1n, (part * 100n) / whole)}%`;
}

function layOut(rows: readonly Row[]): string {
  const cells = rows.filter((one) => typeof one !== "string");
  const widths = (cells[0] ?? []).map((_, at) => Math.max(...cells.map((one) => one[at]?.length ?? 0)));
  const first = Math.min(nameWidth, widths[0] ?? 0);
  return rows
    .map((one) => {
      if (typeof one === "string") return shortened(one, lineWidth);
      const [name, ...values] = one;
      return [shortened(name, first).padEnd(first), ...values.map((value, at) => value.padStart(widths[at + 1] ?? 0))].join("  ").trimEnd();
    })
    .join("\n");
}

function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
