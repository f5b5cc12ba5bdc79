/** System calls that a container doesn't need are refused. */
import { containerPolicy, problem } from "../../policy";

const allowed = ["RuntimeDefault", "Localhost"];

export const seccompProfile = containerPolicy({
  number: 15,
  name: "seccomp-profile",
  title: "containers run under the runtime's seccomp profile or one of the node's",
  why: "Without a profile every system call of the kernel is open, with the holes that are found in the rarely used ones.",
  fix: "set securityContext.seccompProfile.type to RuntimeDefault on the pod",
  group: "workload",
  severity: "medium",
  controls: { cis: ["5.7.2"], nsa: ["pod security"], nist: ["CM-7"] },
  // The API server refuses the field in pods of Windows.
  applies: ({ pod }) => !pod.windows,
  check: ({ view, pod }) => {
    // A profile replaces the pod's as a whole, and the pod's must be right even where each container has one.
    const own = view.view("securityContext.seccompProfile");
    const ofPod = pod.spec.view("securityContext.seccompProfile");
    const stated = [own, ofPod].filter((profile) => profile.known() !== undefined);
    if (stated.length === 0) return [problem(view, "securityContext.seccompProfile.type", "must be RuntimeDefault or Localhost, on the container or its pod")];
    return stated
      .filter((profile) => !allowed.includes(profile.string("type") ?? ""))
      .map((profile) => problem(profile, "type", "must be RuntimeDefault or Localhost"));
  },
});
