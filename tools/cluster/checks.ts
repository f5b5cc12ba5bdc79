/** Questions to a cluster that is starting. */
import type { Api } from "./api";
import { nodeName } from "./settings";

interface NodeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly lastHeartbeatTime?: string }[] };
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly deletionTimestamp?: string };
    readonly status?: { readonly containerStatuses?: readonly { readonly state?: { readonly running?: { readonly startedAt?: string } } }[] };
  }[];
}

/** Times of the API are whole seconds. */
const isBefore = (time: string | undefined, since: number) => Date.parse(time ?? "") < Math.floor(since / 1000) * 1000;

/** @param since the node must have said so after this time (ms): what it said before a restart is no answer */
export async function nodeIsReady(api: Api, name: string, since?: number): Promise<boolean> {
  const node = await api.get<NodeObject>(`/api/v1/nodes/${name}`);
  const ready = node?.status?.conditions?.find((condition) => condition.type === "Ready");
  return ready?.status === "True" && (since === undefined || !isBefore(ready.lastHeartbeatTime, since));
}

/** Whether a Service's pod answers the API server, so that node, network and pod all work. */
export async function serviceAnswers(api: Api, namespace: string, service: string, path: string): Promise<boolean> {
  return (await api.call("GET", `/api/v1/namespaces/${namespace}/services/${service}/proxy/${path}`)).status === 200;
}

/** Whether no pod of the node still shows containers from before `since` (ms). */
export async function podsAreCurrent(api: Api, since: number): Promise<boolean> {
  const pods = await api.get<PodList>(`/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}`);
  return (pods?.items ?? [])
    .filter((pod) => !pod.metadata.deletionTimestamp)
    .every((pod) => !pod.status?.containerStatuses?.some(({ state }) => state?.running && isBefore(state.running.startedAt, since)));
}

/** Whether the platform's policies were applied before; a server that starts with them enforces them from its first answer on. */
export async function policiesExist(api: Api): Promise<boolean> {
  return (await api.get("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/openshift-restricted-v2")) !== undefined;
}

const probe = "admission-probe";

/**
 * Whether the policies of the platform are in force: a pod as root is refused in a namespace that has its ranges. A new policy takes a moment.
 * Leaves no namespace behind.
 */
export async function admissionWorks(api: Api): Promise<boolean> {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: probe } };
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: probe },
    spec: { containers: [{ name: probe, image: probe, securityContext: { runAsUser: 0 } }] },
  };
  await api.call("POST", "/api/v1/namespaces", namespace);
  const { text } = await api.call("POST", `/api/v1/namespaces/${probe}/pods?dryRun=All`, pod);
  if (!text.includes("must be in the ranges")) return false;
  await api.call("DELETE", `/api/v1/namespaces/${probe}`);
  return true;
}
