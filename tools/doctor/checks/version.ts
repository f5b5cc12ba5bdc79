import { ok, problem, warning, type Check, type Finding } from "../types";

/** `sleep` in preStop, on by default since then; older servers drop the field, and running answers are cut off. */
const minimum = 30;
/** Image volumes: there but off from 33, on from 35 (feature gate ImageVolume). */
const imageVolumes = { there: 33, on: 35 } as const;

interface Version {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
}

export const version: Check = {
  id: "version",
  title: "Kubernetes version",
  async run(api, { config }) {
    const server = await api.get<Version>("/version");
    const minor = Number.parseInt(server?.minor ?? "", 10); // some distributions write "30+"
    if (!server || server.major !== "1" || Number.isNaN(minor)) {
      return [
        problem(
          `the server says ${server ? `version ${server.gitVersion}` : "no version"}`,
          `Kubernetes 1.${minimum} or newer`,
          "name the context of a Kubernetes cluster",
        ),
      ];
    }
    const findings: Finding[] =
      minor >= minimum
        ? [ok(server.gitVersion)]
        : [
            problem(
              server.gitVersion,
              `Kubernetes 1.${minimum} or newer (OpenShift 4.17): pods wait with preStop sleep before they end`,
              "upgrade the cluster",
            ),
          ];
    const names = config.models.filter(({ source }) => source.kind === "image").map(({ name }) => name);
    if (names.length === 0) return findings;
    const gate = await gateOf(() => api.text("/metrics"));
    if (minor < imageVolumes.there || gate === false) {
      const wanted = `image volumes for ${names.join(", ")}: Kubernetes 1.${imageVolumes.on}, or 1.${imageVolumes.there} with the feature gate ImageVolume`;
      findings.push(
        problem(
          gate === false ? "the feature gate ImageVolume is off" : `${server.gitVersion} has no image volumes`,
          wanted,
          "upgrade, turn the gate on (API server and kubelets), or take these models from a registry (source.kind: registry)",
        ),
      );
    } else if (minor < imageVolumes.on && gate === undefined) {
      findings.push(
        warning(
          `whether the feature gate ImageVolume is on can't be told: ${server.gitVersion} has it, off by default`,
          "the gate on, at the API server and the kubelets",
          "ask who runs the cluster, or let the doctor read /metrics of the API server",
        ),
      );
    } else findings.push(ok("image volumes"));
    return findings;
  },
};

/** Whether the server's gate is on, as its metrics say; undefined when they don't, or may not be read. */
async function gateOf(metrics: () => Promise<string | undefined>): Promise<boolean | undefined> {
  let text: string | undefined;
  try {
    text = await metrics();
  } catch {
    return undefined;
  }
  const line = /^kubernetes_feature_enabled\{name="ImageVolume"[^}]*\} ([01])/m.exec(text ?? "");
  return line ? line[1] === "1" : undefined;
}
