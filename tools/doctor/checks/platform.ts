import { ok, problem, type Check } from "../types";

/** APIs that OpenShift has and nobody else. */
const openshiftApis = ["route.openshift.io/v1", "security.openshift.io/v1"] as const;

export const platform: Check = {
  id: "platform",
  title: "platform",
  async run(api, { config }) {
    const served = await Promise.all(openshiftApis.map((group) => api.get(`/apis/${group}`)));
    const there = openshiftApis.filter((_, i) => served[i] !== undefined);
    const missing = openshiftApis.filter((group) => !there.includes(group));
    if (config.platform === "openshift") {
      return missing.length === 0
        ? [ok("OpenShift")]
        : [
            problem(
              `no ${missing.join(", no ")}`,
              "OpenShift, as `platform: openshift` says",
              "set platform: kubernetes, or name the context of an OpenShift cluster",
            ),
          ];
    }
    return there.length === openshiftApis.length
      ? [
          problem(
            `OpenShift (${there.join(", ")})`,
            "another Kubernetes, as `platform: kubernetes` says: OpenShift refuses the users that pods get there",
            "set platform: openshift, or name another context",
          ),
        ]
      : [ok("Kubernetes, not OpenShift")];
  },
};
