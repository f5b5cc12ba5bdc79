/** What a container can write is said. */
import { containerPolicy, problemIf } from "../../policy";

export const readOnlyRoot = containerPolicy({
  number: 16,
  name: "read-only-root",
  title: "the root file system of containers is read-only; what they write goes to named volumes",
  why: "On a writable root an intruder replaces the programs, and what is written there is lost with the container and fills the node's disk.",
  fix: "set securityContext.readOnlyRootFilesystem to true, and mount an emptyDir at each path that is written, such as /tmp",
  group: "workload",
  severity: "medium",
  controls: { cis: ["5.7.3"], nsa: ["immutable file systems"], nist: ["CM-5"] },
  // Ephemeral containers are there to look into a pod with tools of their own. The API server refuses the field in pods of Windows.
  applies: ({ kind, pod }) => kind !== "ephemeralContainers" && !pod.windows,
  check: ({ view }) =>
    problemIf(view.boolean("securityContext.readOnlyRootFilesystem") !== true, view, "securityContext.readOnlyRootFilesystem", "must be true"),
});
