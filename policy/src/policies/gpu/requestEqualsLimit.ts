/** GPUs are neither overcommitted nor given in part. */
import { gpusOf } from "../../gpu";
import { containerPolicy, problem } from "../../policy";

export const gpuRequestEqualsLimit = containerPolicy({
  number: 2,
  name: "gpu-request-equals-limit",
  title: "a container's request of GPUs equals its limit",
  why: "GPUs can't be overcommitted: the API server refuses a pod whose request is not its limit, and quotas count the request.",
  fix: "leave the request of the GPU resource out, or set it to the limit",
  group: "gpu",
  severity: "high",
  controls: { nsa: ["resource policies"], nist: ["SC-6"] },
  applies: (container, { settings }) => gpusOf(container, settings).length > 0,
  check: (container, { settings }) =>
    gpusOf(container, settings).flatMap(({ resource, request, limit }) =>
      request === undefined || request === limit
        ? []
        : [problem(container.view.view("resources.requests").at(resource), "", `must equal the limit, which is ${limit === undefined ? "not set" : limit}`)],
    ),
});
