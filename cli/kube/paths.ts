/** Addresses below the API server. */

export const paths = {
  deployment: (namespace: string, name: string) => `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
  rollout: (namespace: string, name: string) => `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}`,
  rolloutStatus: (namespace: string, name: string) => `${paths.rollout(namespace, name)}/status`,
  replicaSets: (namespace: string, selector: string) => selected(`/apis/apps/v1/namespaces/${namespace}/replicasets`, selector),
  deployments: (namespace: string, selector: string) => selected(`/apis/apps/v1/namespaces/${namespace}/deployments`, selector),
  analysisRuns: (namespace: string) => `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/analysisruns`,
  pods: (namespace: string, selector: string) => selected(`/api/v1/namespaces/${namespace}/pods`, selector),
  jobs: (namespace: string, selector: string) => selected(`/apis/batch/v1/namespaces/${namespace}/jobs`, selector),
  quotas: (namespace: string) => `/api/v1/namespaces/${namespace}/resourcequotas`,
  secret: (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/secrets/${name}`,
  selfSubjectReviews: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
  nodes: "/api/v1/nodes",
  allPods: "/api/v1/pods",
  /** A Service's port, over HTTP. */
  service: (namespace: string, service: string, port: string) => `/api/v1/namespaces/${namespace}/services/http:${service}:${port}/proxy`,
} as const;

export function selected(path: string, selector: string): string {
  return selector === "" ? path : `${path}?labelSelector=${encodeURIComponent(selector)}`;
}

const label = { component: "app.kubernetes.io/component", instance: "app.kubernetes.io/instance" } as const;

/** Replicas of a pool; of all pools without a name. */
export const replicasOf = (pool?: string) => [`${label.component}=model-server`, ...(pool === undefined ? [] : [`${label.instance}=${pool}`])].join(",");
/** Routers of a pool. */
export const routersOf = (pool: string) => `${label.component}=model-router,${label.instance}=${pool}`;
export const loaders = `${label.component}=model-loader`;
export const instanceLabel = label.instance;
