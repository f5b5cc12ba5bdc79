/** What a project can cost in a month, at its quota, against its budget. */
import { problem, stackPolicy } from "../../policy";
import { quantityAt } from "../../quantity";
import { isGpu } from "../../settings";
import type { View } from "../../values";

/** Budget of a project per month, in the currency of the prices. */
export const monthlyBudget = "openshift-ai-platform/monthly-budget";
const hoursPerMonth = 730;

export const costBudget = stackPolicy({
  number: 59,
  name: "cost-budget",
  title: "what a project's quota can cost in a month is within its budget",
  why: "A quota that costs more than the budget is found out by the bill.",
  fix: `lower the quota, or raise the project's annotation ${monthlyBudget}`,
  group: "governance",
  severity: "medium",
  controls: {},
  parameters: {
    gpuHour: { type: "number", description: "price of a GPU for an hour; 0: not stated, and the policy says nothing", default: 0, minimum: 0 },
    cpuHour: { type: "number", description: "price of a core for an hour", default: 0, minimum: 0 },
    gibHour: { type: "number", description: "price of a GiB of memory for an hour", default: 0, minimum: 0 },
  },
  subjects: (stack, { parameters }) => {
    if (parameters.gpuHour === 0 && parameters.cpuHour === 0 && parameters.gibHour === 0) return [];
    const budgeted = stack.namespaces.filter((namespace) => namespace.view().view("metadata.annotations").at(monthlyBudget).value !== undefined);
    return stack.ofKind("ResourceQuota").filter(({ namespace }) => budgeted.some(({ name }) => name === namespace));
  },
  check: (subject, view, stack, { parameters, settings }) => {
    const project = stack.find("Namespace", "", subject.namespace)?.view();
    const budget = project === undefined ? undefined : quantityAt(project, "metadata", "annotations", monthlyBudget);
    const hard = view.view("spec.hard");
    const gpus = hard.entries("").filter(([key]) => isGpu(settings, key.replace(/^requests\./, "")));
    const hourly =
      sum(gpus.map(([key]) => quantityAt(hard, key) ?? 0)) * parameters.gpuHour +
      either(hard, "requests.cpu", "cpu") * parameters.cpuHour +
      (either(hard, "requests.memory", "memory") / 2 ** 30) * parameters.gibHour;
    const cost = Math.round(hourly * hoursPerMonth);
    if (budget === undefined || cost <= budget) return [];
    return [problem(view, "spec.hard", `can cost ${cost} a month, but the budget of ${subject.namespace} is ${budget}`)];
  },
});

function either(hard: View, first: string, second: string): number {
  return quantityAt(hard, first) ?? quantityAt(hard, second) ?? 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
