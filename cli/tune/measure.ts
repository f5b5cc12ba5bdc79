/** Measures a pool's use, and says what could not be. */
import { recorded } from "../../stacks/observability/recording";
import { gpuMetrics, sidecarMetrics } from "../../stacks/observability/metrics";
import { series } from "../../stacks/observability/promql";
import type { PoolConfig } from "../../stacks/schema";
import { amountOf } from "../../tools/doctor/objects";
import { messageOf } from "../../tools/lib/errors";
import type { Deployment } from "../kube/objects";
import { paths } from "../kube/paths";
import { replicas, type Replica, type ReplicaStatus } from "../models/replicas";
import type { Client } from "../types";
import type { Prometheus, Series } from "./prometheus";
import type { Measured, ModelUse, Recommendation } from "./rules";

export interface Measurement {
  readonly measured: Measured;
  /** One line for each thing that was not measured, and why. */
  readonly missing: readonly string[];
}

export async function measure(client: Client, prometheus: Prometheus | undefined, namespace: string, pool: PoolConfig): Promise<Measurement> {
  const missing: string[] = [];
  const own = { namespace, pool: pool.name };
  const ask = async (what: string, query: string): Promise<readonly Series[]> => {
    if (!prometheus) return [];
    try {
      const found = await prometheus(query);
      if (found.length === 0) missing.push(`${what}: Prometheus has no such series`);
      return found;
    } catch (error) {
      missing.push(`${what}: Prometheus ${messageOf(error)}`);
      return [];
    }
  };
  const one = async (what: string, query: string) => (await ask(what, query))[0]?.value;
  if (!prometheus) missing.push("use over time (GPUs, queue, tokens, growth, requests): no Prometheus; --prometheus URL names one");

  const { tokens, memory, requests, slots } = sidecarMetrics;
  const gpu = (labels: Readonly<Record<string, string | RegExp>>) => `avg_over_time(${series(gpuMetrics.use, labels)}[1h])`;
  const pods = new RegExp(`${pool.name}-.*`);
  const token = (kind: string) => `histogram_quantile(0.95, sum by (le) (rate(${series(`${tokens}_bucket`, { ...own, gen_ai_token_type: kind })}[1d])))`;
  const gpuUse =
    pool.gpusPerReplica === 0
      ? undefined
      : // Labels of the pod under the one name or the other, as Prometheus is told to keep those of the exporter.
        await one("GPU use", `avg(${gpu({ exported_namespace: namespace, exported_pod: pods })} or ${gpu({ namespace, pod: pods })}) / 100`);
  const wait = await one("wait in the queue", `quantile_over_time(0.95, ${series(recorded.queueWait, own)}[1h])`);
  const inFlight = await one("requests in flight", `avg_over_time(${series(recorded.inFlight, own)}[1h])`);
  const slotSum = await one("slots", `sum(${series(slots, own)})`);
  const input = await one("tokens in", token("input"));
  const output = await one("tokens out", token("output"));
  const growth = await ask("growth of memory", `max by (model) (deriv(${series(memory, { ...own, kind: "total" })}[6h])) * 3600`);
  const bytes = await ask("memory of models", `max by (model) (${series(memory, { ...own, kind: "total" })})`);
  const asked = await ask("requests by model", `sum by (model) (increase(${series(requests, own)}[7d]))`);

  const now = await replicas(client, namespace, pool.name);
  if (now.length > 0 && now.every(({ status }) => status === undefined)) missing.push("what replicas say of themselves: their routers tell of none");
  const { recommended, why } = await recommendations(client, namespace, pool.name);
  if (why !== undefined) missing.push(why);
  const valueOf = (all: readonly Series[], model: string) => all.find(({ metric }) => metric.model === model)?.value;
  return {
    measured: {
      gpuUse,
      queueWaitSeconds: wait,
      inFlight: inFlight ?? sumOf(now, ({ inFlight: flying, queued }) => flying + queued),
      slots: slotSum ?? sumOf(now, (status) => status.slots),
      replicas: now.length,
      tokens: input === undefined || output === undefined ? undefined : input + output,
      models: pool.models.map((model): ModelUse => ({
        model,
        bytes: valueOf(bytes, model) ?? loadedBytes(now, model),
        growth: valueOf(growth, model),
        requests: valueOf(asked, model),
      })),
      recommended,
    },
    missing,
  };
}

function sumOf(all: readonly Replica[], of: (status: ReplicaStatus) => number): number | undefined {
  const known = all.flatMap(({ status }) => (status ? [of(status)] : []));
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

function loadedBytes(all: readonly Replica[], model: string): number | undefined {
  return all.flatMap(({ status }) => status?.memory.filter((one) => one.model === model) ?? []).at(0)?.total;
}

interface Vpa {
  readonly spec: { readonly targetRef?: { readonly name: string } };
  readonly status?: {
    readonly recommendation?: {
      readonly containerRecommendations?: readonly { readonly containerName: string; readonly target: Readonly<Record<string, string>> }[];
    };
  };
}

async function recommendations(
  client: Client,
  namespace: string,
  pool: string,
): Promise<{ readonly recommended: readonly Recommendation[]; readonly why?: string }> {
  const all = await client.list<Vpa>(`/apis/autoscaling.k8s.io/v1/namespaces/${namespace}/verticalpodautoscalers`);
  const vpa = all.find(({ spec }) => spec.targetRef?.name === pool);
  const found = vpa?.status?.recommendation?.containerRecommendations;
  if (!found)
    return {
      recommended: [],
      why: `recommended requests: ${vpa ? "its recommender has none yet" : "no VerticalPodAutoscaler (cluster.capabilities.verticalPodAutoscaler)"}`,
    };
  const deployment = await client.get<Deployment>(paths.deployment(namespace, pool));
  const { containers = [], initContainers = [] } = deployment?.spec.template.spec ?? {};
  const recommended = found.flatMap(({ containerName, target }) =>
    (["cpu", "memory"] as const).flatMap((resource): Recommendation[] => {
      const requested = [...containers, ...initContainers].find(({ name }) => name === containerName)?.resources?.requests?.[resource];
      return requested === undefined || target[resource] === undefined
        ? []
        : [{ container: containerName, resource, requested: amountOf(requested), target: amountOf(target[resource]) }];
    }),
  );
  return { recommended };
}
