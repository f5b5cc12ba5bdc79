import { ok, problem, skipped, type Check, type Finding } from "../types";

interface Deployment {
  readonly spec: { readonly replicas?: number };
}

/** Pools whose pods a HorizontalPodAutoscaler counts: it leaves one without pods alone, as it is after going back from Argo Rollouts. KEDA does not. */
export const scaledPools: Check = {
  id: "scaled-pools",
  title: "scaled pools",
  async run(api, { config, projects }) {
    const { argoRollouts, customMetrics } = config.cluster.capabilities;
    const scaled = config.layers.serving ? config.serving.pools.flatMap(({ name, scale }) => (scale === undefined ? [] : [{ name, ...scale }])) : [];
    if (argoRollouts || customMetrics === "keda" || scaled.length === 0) return [skipped("no HorizontalPodAutoscaler on a Deployment")];
    const namespace = projects.find(({ kind }) => kind === "platform")?.namespace ?? "";
    return Promise.all(
      scaled.map(async ({ name, min, max }): Promise<Finding> => {
        const found = await api.get<Deployment>(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
        if (found === undefined) return ok(`${name}: not there yet; the stack makes it`);
        const { replicas = 1 } = found.spec;
        return replicas > 0
          ? ok(`${name}: ${replicas} pods, of ${min} to ${max}`)
          : problem(
              `${name}: Deployment ${name} is scaled to 0`,
              `${min} to ${max} pods; an autoscaler does not act on 0`,
              `kubectl scale deployment ${name} -n ${namespace} --current-replicas=0 --replicas=${min}`,
            );
      }),
    );
  },
};
