/** AnalysisTemplates of Argo Rollouts: what a new version must show before it gets users, and after. Pure. */
import type { types } from "@pulumi/kubernetes";
import { analysisQueries, type GpuMeasure } from "./queries";

/** Limits and times of `rollout.analysis` in a pool's configuration. */
export interface AnalysisLimits {
  readonly firstTokenSeconds: number;
  readonly errorRatio: number;
  readonly gpuUtilization: number;
  readonly intervalSeconds: number;
  /** Measurements of time and errors. */
  readonly count: number;
  /** Measurements of the GPUs. */
  readonly gpuCount: number;
}

/** The way to a Prometheus. */
export interface PrometheusAccess {
  /** `https://thanos-querier.openshift-monitoring.svc:9091` */
  readonly address: string;
  /** Name of a Secret of the project whose `token` is sent along. @default none */
  readonly tokenSecret?: string;
  /** Whether its certificate is not checked: Argo Rollouts has no field for an authority. */
  readonly insecure: boolean;
}

export interface AnalysisArgs {
  readonly namespace: string;
  readonly pool: string;
  readonly limits: AnalysisLimits;
  /** Asks the prompts, checks the answers and makes the load. */
  readonly job: types.input.batch.v1.JobSpec;
  /** @default none: the Job's own measurements decide */
  readonly prometheus?: PrometheusAccess;
  readonly gpu?: GpuMeasure;
  /** Seconds over which rates are taken. @default as in queries.ts */
  readonly windowSeconds?: number;
}

/** Seconds under load before the first measurement: two intervals, of which one should be no shorter than Prometheus's own between two scrapes. */
export function warmUpSeconds({ intervalSeconds }: AnalysisLimits): number {
  return 2 * intervalSeconds;
}

/** Seconds for which load is made: until the last measurement. */
export function loadSeconds(limits: AnalysisLimits): number {
  return warmUpSeconds(limits) + limits.intervalSeconds * Math.max(limits.count, limits.gpuCount);
}

export interface AnalysisTemplateSpec {
  readonly args: readonly object[];
  readonly metrics: readonly Metric[];
}

export interface Metric {
  readonly name: string;
  readonly provider: object;
  readonly successCondition?: string;
  readonly failureCondition?: string;
  readonly interval?: string;
  readonly count: number;
  readonly initialDelay?: string;
  readonly failureLimit: number;
  readonly inconclusiveLimit: number;
  readonly consecutiveErrorLimit: number;
}

export function analysisTemplate(args: AnalysisArgs): AnalysisTemplateSpec {
  const { prometheus, limits } = args;
  const token = prometheus?.tokenSecret;
  return {
    args: [{ name: "revision" }, ...(token === undefined ? [] : [{ name: "token", valueFrom: { secretKeyRef: { name: token, key: "token" } } }])],
    metrics: [
      // One wrong answer is enough, and a Job that cannot run says nothing about the version: then people decide.
      { name: "answers", count: 1, failureLimit: 0, inconclusiveLimit: 0, consecutiveErrorLimit: 4, provider: { job: { spec: args.job } } },
      ...(prometheus === undefined ? [] : measurements(args, prometheus, limits)),
    ],
  };
}

function measurements(args: AnalysisArgs, prometheus: PrometheusAccess, limits: AnalysisLimits): Metric[] {
  const queries = analysisQueries({
    namespace: args.namespace,
    pool: args.pool,
    revision: "{{args.revision}}",
    ...(args.windowSeconds === undefined ? {} : { windowSeconds: args.windowSeconds }),
    ...(args.gpu === undefined ? {} : { gpu: args.gpu }),
  });
  const one = (name: string, query: string, count: number, isGood: string, isBad: string): Metric => ({
    name,
    interval: `${limits.intervalSeconds}s`,
    initialDelay: `${warmUpSeconds(limits)}s`,
    count,
    // Neither good nor bad is what was not measured: no series, or NaN for want of traffic.
    successCondition: `${measured} && result[0] ${isGood}`,
    failureCondition: `${measured} && result[0] ${isBad}`,
    ...tolerance(count),
    provider: { prometheus: { address: prometheus.address, query, timeout: 20, ...accessOf(prometheus) } },
  });
  return [
    one("first-token", queries.firstToken, limits.count, `<= ${limits.firstTokenSeconds}`, `> ${limits.firstTokenSeconds}`),
    one("error-ratio", queries.errorRatio, limits.count, `<= ${limits.errorRatio}`, `> ${limits.errorRatio}`),
    ...(queries.gpu === undefined ? [] : [one("gpu", queries.gpu, limits.gpuCount, `>= ${limits.gpuUtilization}`, `< ${limits.gpuUtilization}`)]),
  ];
}

const measured = "len(result) > 0 && !isNaN(result[0]) && !isInf(result[0])";

/**
 * How many measurements may be other than good. The controller counts a measurement without data as done: the limit sees to it that most of them, and always
 * one, were good. A measurement is bad for one outlier, so a fifth of them may be.
 * A Prometheus that does not answer is asked again every 10 s; after 2 minutes in a row the analysis ends in an error, and the new version is given up.
 */
export function tolerance(count: number): Pick<Metric, "failureLimit" | "inconclusiveLimit" | "consecutiveErrorLimit"> {
  return { failureLimit: Math.floor(count / 5), inconclusiveLimit: Math.floor((count - 1) / 5), consecutiveErrorLimit: 12 };
}

function accessOf({ tokenSecret, insecure }: PrometheusAccess): object {
  return {
    ...(insecure ? { insecure } : {}),
    ...(tokenSecret === undefined ? {} : { headers: [{ key: "Authorization", value: "Bearer {{args.token}}" }] }),
  };
}
