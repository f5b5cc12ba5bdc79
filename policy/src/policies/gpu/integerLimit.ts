/** GPUs of a container: a limit, in whole numbers. */
import { gpusOf } from "../../gpu";
import { containerPolicy, problem } from "../../policy";

export const gpuIntegerLimit = containerPolicy({
  number: 1,
  name: "gpu-integer-limit",
  title: "a container that uses a GPU states an integer limit",
  why: "GPUs are given whole: the API server refuses fractions and requests without a limit, so such a pod is never made, which shows only when it is wanted.",
  fix: "set resources.limits of the GPU resource to a whole number",
  group: "gpu",
  severity: "high",
  controls: { nsa: ["resource policies"], nist: ["SC-6"] },
  applies: (container, { settings }) => gpusOf(container, settings).length > 0,
  check: (container, { settings }) =>
    gpusOf(container, settings).flatMap(({ resource, limit }) => {
      const at = container.view.view("resources.limits").at(resource);
      if (limit === undefined) return [problem(at, "", `${resource} is requested, so a limit is required`)];
      return Number.isInteger(limit) && limit >= 0 ? [] : [problem(at, "", "must be a whole number")];
    }),
});
