/** Volumes that give nothing of the node. */
import { all, each } from "../../each";
import { podPolicy, problem, type Problem } from "../../policy";
import type { View } from "../../values";

export const volumeTypes = podPolicy({
  number: 18,
  name: "volume-types",
  title: "pods mount no path of their node, no device, and only the allowed types of volumes",
  why: "A path of the node is the node: its credentials, its containers' data. Other old types carry credentials or go around the storage classes.",
  fix: "use a persistentVolumeClaim for data, an emptyDir for scratch space, and configMap, secret or projected for settings",
  group: "workload",
  severity: "critical",
  controls: { cis: ["5.2.12"], nsa: ["pod security"], nist: ["AC-6"] },
  parameters: {
    types: {
      type: "strings",
      description: "types of volumes; by default those of the restricted Pod Security Standard",
      default: ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"],
    },
  },
  check: (pod, { parameters }) =>
    all(
      () => each(pod.volumes(), (volume) => typesOf(volume, parameters.types)),
      () => each(pod.containers(), ({ view }) => view.list("volumeDevices").map((device) => problem(device, "", "must be left out: it is a raw device"))),
    ),
});

/** A volume that says nothing but its name becomes an emptyDir. */
function typesOf(volume: View, allowed: readonly string[]): readonly Problem[] {
  return volume
    .entries("")
    .filter(([type, source]) => type !== "name" && source.known() !== undefined && !allowed.includes(type))
    .map(([, source]) => problem(source, "", `must be one of ${allowed.join(", ")}`));
}
