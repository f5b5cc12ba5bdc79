/** The way to a Prometheus: an address that is given, or the configured one through the API server's proxy of its Service. */
import { profileOf } from "../../components/common/platform";
import type { StackConfig } from "../../stacks/schema";
import { messageOf } from "../../tools/lib/errors";
import type { Run } from "../types";

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Prometheus = (query: string) => Promise<readonly Series[]>;

interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly { readonly metric: Series["metric"]; readonly value: readonly [number, string] }[] };
}

/** @param url as given with --prometheus: of a Service, or one that is reached from here; the token of the latter is AICTL_PROMETHEUS_TOKEN. @returns undefined where none is known */
export function prometheusOf(run: Run, url: string | undefined): Prometheus | undefined {
  const { deps, settings } = run;
  const inside = url === undefined ? undefined : proxyPathOf(url);
  if (url !== undefined && inside === undefined) {
    const token = deps.env.AICTL_PROMETHEUS_TOKEN;
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    return (query) => ask(query, (path) => deps.fetch(`${url.replace(/\/$/, "")}${path}`, headers));
  }
  const base = inside ?? (settings.file && serviceProxyOf(settings.file.config));
  return base === undefined ? undefined : (query) => ask(query, (path) => run.client().text(`${base}${path}`));
}

/** Of the configuration; undefined where no Prometheus reads the projects. */
export function serviceProxyOf(config: StackConfig): string | undefined {
  if (!config.cluster.capabilities.monitoring) return undefined;
  return proxyPathOf(profileOf(config.platform).analysisPrometheus(config.network.monitoringNamespace).address);
}

/** `http://prometheus.monitoring.svc:9090` → the path of the API server's proxy; undefined for an address that is no Service's. */
export function proxyPathOf(address: string): string | undefined {
  const [, scheme, name, namespace, port] = /^(https?):\/\/([^.:/]+)\.([^.:/]+)\.svc[^:/]*:(\d+)\/?$/.exec(address) ?? [];
  if (!scheme || !name || !namespace || !port) return undefined;
  return `/api/v1/namespaces/${namespace}/services/${scheme}:${name}:${port}/proxy`;
}

async function ask(query: string, get: (path: string) => Promise<{ readonly status: number; readonly text: string }>): Promise<readonly Series[]> {
  const { status, text } = await get(`/api/v1/query?query=${encodeURIComponent(query)}`);
  let answer: QueryAnswer;
  try {
    answer = JSON.parse(text) as QueryAnswer;
  } catch (cause) {
    throw new Error(`answered ${status}: ${text.trim().slice(0, 120) || messageOf(cause)}`, { cause });
  }
  if (answer.status !== "success" || !answer.data) throw new Error(answer.error ?? `answered ${status}`);
  // NaN stands for "nothing to measure".
  return answer.data.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) })).filter(({ value }) => Number.isFinite(value));
}
