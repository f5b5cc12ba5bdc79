import type { List } from "../api";
import { listOf, ownerOfObject, type Meta } from "../objects";
import { ok, problem, skipped, warning, type Check, type Finding } from "../types";

interface Named {
  readonly metadata: Meta;
}

export const namespaces: Check = {
  id: "namespaces",
  title: "projects",
  async run(api, { projects, owner }) {
    return Promise.all(
      projects.map(async ({ namespace }): Promise<Finding> => {
        const found = await api.get<Named>(`/api/v1/namespaces/${namespace}`);
        if (!found) return ok(`${namespace}: not there yet; the stack makes it`);
        if (found.metadata.deletionTimestamp !== undefined)
          return problem(
            `${namespace}: being deleted`,
            "a namespace that is there, or none",
            `wait for it to end: kubectl get namespace ${namespace} says what it waits for`,
          );
        const whose = ownerOfObject(found);
        if (whose === owner) return ok(`${namespace}: ours; it is taken over with what it holds`);
        if (whose === undefined)
          return warning(
            `${namespace}: there already, and of no stack`,
            "a namespace for this stack alone: it takes it over, with Pod Security `restricted`, quotas, and no connection but those of the platform",
            "move away what does not belong to the platform, or nothing, if it was made for it",
          );
        return problem(
          `${namespace}: of stack ${whose}`,
          `a namespace of stack ${owner}, or none`,
          `two stacks can't share it: use another environment or project name here, or destroy the stack ${whose} first`,
        );
      }),
    );
  },
};

export const quotas: Check = {
  id: "quotas",
  title: "other quotas",
  async run(api, { config, projects, owner }) {
    const own = await Promise.all(
      projects.map(async ({ namespace }): Promise<Finding[]> => {
        const all = (await api.get<List<Named>>(`/api/v1/namespaces/${namespace}/resourcequotas`))?.items ?? [];
        const others = all.filter((quota) => ownerOfObject(quota) !== owner).map(({ metadata }) => metadata.name);
        if (others.length === 0) return [];
        return [
          warning(
            `${namespace}: ResourceQuota ${listOf(others)}`,
            "no quota besides the stack's: the smaller limit of each resource counts, and the capacity plan knows the stack's only",
            `kubectl describe resourcequota -n ${namespace}; raise or remove it`,
          ),
        ];
      }),
    );
    const cluster = config.platform === "openshift" ? ((await api.get<List<Named>>("/apis/quota.openshift.io/v1/clusterresourcequotas"))?.items ?? []) : [];
    const wide =
      cluster.length > 0
        ? [
            warning(
              `ClusterResourceQuota ${listOf(cluster.map(({ metadata }) => metadata.name))}`,
              "none that selects the stack's projects, or one with room for them",
              "kubectl describe clusterresourcequota shows which projects it selects",
            ),
          ]
        : [];
    const findings = [...own.flat(), ...wide];
    return findings.length > 0 ? findings : [skipped("none that limits the stack's projects")];
  },
};
