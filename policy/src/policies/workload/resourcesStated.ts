/** What a container takes of its node, and at most. */
import { all } from "../../each";
import { gpusOf } from "../../gpu";
import type { Container } from "../../pods";
import { containerPolicy, problem, problemIf, type Problem } from "../../policy";
import { quantityAt } from "../../quantity";

export const resourcesStated = containerPolicy({
  number: 22,
  name: "resources-stated",
  title: "containers request CPU and memory and limit CPU, memory and ephemeral storage; with a GPU, memory requested is the memory limit",
  why: "Without requests pods crowd one node, without limits one of them takes its memory or disk and the node evicts others. A pod with a GPU that is evicted loads its model anew.",
  fix: "set resources.requests and resources.limits of cpu and memory, and resources.limits of ephemeral-storage",
  group: "workload",
  severity: "medium",
  controls: { nsa: ["resource policies"], nist: ["SC-6"] },
  parameters: {
    cpuLimits: { type: "boolean", description: "whether CPU is limited, too; many sites only request it", default: true },
    gpuMemory: { type: "boolean", description: "whether containers with a GPU request all the memory up to their limit", default: true },
  },
  // Ephemeral containers have no resources, and steps by reference get theirs from the task that names them.
  applies: ({ kind, object }) => kind !== "ephemeralContainers" && !object.is("tekton.dev/StepAction"),
  check: (container, { parameters, settings }) =>
    all(
      () => stated(container, "requests", "cpu"),
      () => stated(container, "requests", "memory"),
      () => (parameters.cpuLimits ? stated(container, "limits", "cpu") : []),
      () => stated(container, "limits", "memory"),
      () => stated(container, "limits", "ephemeral-storage"),
      () => (parameters.gpuMemory && gpusOf(container, settings).length > 0 ? sameMemory(container) : []),
    ),
});

/** A request that is left out is the limit; and what a pod has as a whole, its containers share. */
function stated(container: Container, kind: "requests" | "limits", resource: string): readonly Problem[] {
  const kinds = kind === "requests" ? ["requests", "limits"] : ["limits"];
  const own = container.view.view("resources");
  const places = resource === "ephemeral-storage" ? [own] : [own, container.pod.spec.view("resources")];
  const amount = places.flatMap((resources) => kinds.map((one) => quantityAt(resources, one, resource))).find((one) => one !== undefined);
  return amount !== undefined && amount > 0 ? [] : [problem(own.at(kind, resource), "", "must be set, to more than 0")];
}

function sameMemory({ view }: Container): readonly Problem[] {
  const request = quantityAt(view, "resources", "requests", "memory");
  const limit = quantityAt(view, "resources", "limits", "memory");
  const differs = request !== undefined && limit !== undefined && request !== limit;
  return problemIf(differs, view, "resources.requests.memory", "must be the limit: with a GPU, eviction loads the model anew");
}
