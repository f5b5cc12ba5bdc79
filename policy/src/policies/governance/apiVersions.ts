/** API versions that the target cluster serves. */
import type { KubeObject } from "../../objects";
import { objectPolicy, problem } from "../../policy";
import { apiLifecycles, otherLifecycles } from "./apiLifecycles";

export const apiVersions = objectPolicy({
  number: 60,
  name: "api-versions",
  title: "API versions are served by the target cluster, and none is deprecated",
  why: "A version that is gone makes `up` fail half-way; a deprecated one makes the next upgrade of the cluster do so.",
  fix: "use the version that the message names",
  group: "governance",
  severity: "medium",
  controls: { nsa: ["upgrading"], nist: ["SA-22"] },
  applies: (_, __, object) => object.kind !== "List",
  check: (view, { settings }, object) => {
    const at = (message: string) => [problem(view, "apiVersion", message)];
    const other = otherLifecycles.get(object.apiVersion);
    if (other !== undefined) return at(`is no longer served by newer releases; use ${other}`);
    const life = lifeOf(object);
    if (life === undefined) return [];
    const use = life.use === undefined ? "" : `; use ${life.use}`;
    if (!isBefore(settings.kubernetesVersion, life.removed))
      return at(`is gone since Kubernetes ${life.removed}, the cluster has ${settings.kubernetesVersion}${use}`);
    if (!isBefore(settings.kubernetesVersion, life.deprecated))
      return at(`is deprecated since Kubernetes ${life.deprecated} and gone with ${life.removed}${use}`);
    return [];
  },
});

function lifeOf(object: KubeObject) {
  return apiLifecycles.get(`${object.apiVersion} ${object.kind}`);
}

/** Whether one version, `major.minor`, is older than another. */
function isBefore(version: string, other: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split(".").map(Number);
  return major === otherMajor ? minor < otherMinor : major < otherMajor;
}
