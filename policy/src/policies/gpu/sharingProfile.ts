/** A GPU is asked for by the name under which it is given out. */
import { containerGpus } from "../../gpu";
import { containerPolicy, problem, type Problem } from "../../policy";
import type { View } from "../../values";

export const gpuSharingProfile = containerPolicy({
  number: 6,
  name: "gpu-sharing-profile",
  title: "the GPU resource of a container fits how the nodes' GPUs are shared",
  why: "A name that no node offers keeps the pod waiting for ever; and under the name of whole GPUs a share is taken for a GPU, with no memory of its own.",
  fix: "ask for a resource that the nodes offer: whole GPUs as nvidia.com/gpu, time-sliced ones as nvidia.com/gpu.shared, MIG as nvidia.com/mig-<profile>",
  group: "gpu",
  severity: "medium",
  controls: { nist: ["CM-6"] },
  applies: (container, { settings }) => Object.keys(settings.gpuSharing).length > 0 && containerGpus(container, settings).size > 0,
  check: (container, { settings: { gpuSharing }, settings }) =>
    [...containerGpus(container, settings)].flatMap(([resource, count]) => {
      const at = container.view.view("resources.limits").at(resource);
      const sharing = gpuSharing[resource];
      if (sharing === undefined) return [problem(at, "", `must be a resource that nodes offer: ${Object.keys(gpuSharing).join(", ")}`)];
      return fits(at, resource, sharing, count);
    }),
});

function fits(at: View, resource: string, sharing: "whole" | "timeSlicing" | "mig", count: number): readonly Problem[] {
  const shared = resource.endsWith(".shared");
  switch (sharing) {
    case "whole":
      return shared || resource.includes("/mig-") ? [problem(at, "", "must have the name of a whole GPU: the nodes' GPUs are given out whole")] : [];
    case "mig":
      return shared ? [problem(at, "", "must have the name of a MIG device: the nodes' GPUs are cut by MIG")] : [];
    case "timeSlicing":
      if (!shared) return [problem(at, "", "must have a name of its own, ending in .shared: the nodes' GPUs are time-sliced")];
      return count > 1 ? [problem(at, "", "must be 1: two turns on a time-sliced GPU are no more than one, and the device plugin refuses them")] : [];
  }
}
