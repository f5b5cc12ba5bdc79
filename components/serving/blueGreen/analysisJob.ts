/** The Job that asks a new version the pool's prompts, checks the answers, and makes the load under which it is measured. Pure. */
import type { types } from "@pulumi/kubernetes";
import { modelServerPort } from "../../../stacks/connections";
import type { StackContext } from "../../common/context";
import { shortHash } from "../../common/names";
import { podTemplate, type Resources } from "../../common/podTemplate";
import { proxyProgram } from "../modelProxy";
import { loadSeconds, type AnalysisLimits } from "./analysis";

/** A prompt with its right answer. */
export interface Prompt {
  readonly model: string;
  readonly prompt: string;
  readonly maxTokens: number;
  readonly seed: number;
  /** @default any answer of at least one token */
  readonly expect?: { readonly kind: "exact" | "contains" | "regex"; readonly text: string };
}

/** What `model-proxy analyze` reads (images/model-proxy/internal/analyze/plan.go). Times in seconds. */
export interface AnalysisPlan {
  /** Host and port of what is asked: each address of a headless Service, else the Service. */
  readonly target: string;
  /** For which load is made. */
  readonly seconds: number;
  /** Requests at the same time, for each address. */
  readonly concurrency: number;
  /** That one answer may take. */
  readonly answerSeconds: number;
  readonly firstTokenSeconds: number;
  readonly errorRatio: number;
  readonly prompts: readonly Prompt[];
}

export interface AnalysisPlanArgs {
  /** Name of a Service of the project. */
  readonly service: string;
  readonly concurrency: number;
  readonly answerSeconds: number;
  readonly limits: AnalysisLimits;
  readonly models: readonly string[];
  readonly prompts: readonly Prompt[];
}

export function analysisPlan({ service, concurrency, answerSeconds, limits, models, prompts }: AnalysisPlanArgs): AnalysisPlan {
  // A model that no prompt is for is asked a word.
  const silent = models.filter((model) => !prompts.some((prompt) => prompt.model === model));
  return {
    target: `${service}:${modelServerPort}`,
    seconds: loadSeconds(limits),
    concurrency,
    answerSeconds,
    firstTokenSeconds: limits.firstTokenSeconds,
    errorRatio: limits.errorRatio,
    prompts: [...prompts, ...silent.map((model) => ({ model, prompt: "Hello", maxTokens: 16, seed: 0 }))],
  };
}

export interface AnalysisJobArgs {
  readonly context: StackContext;
  readonly pool: string;
  /** Reference of the image that holds `model-proxy`. */
  readonly image: string;
  readonly serviceAccountName: string;
  readonly resources: Resources;
  /** ConfigMap with the plan, and its key. */
  readonly map: string;
  readonly key: string;
  readonly plan: AnalysisPlan;
}

const planPath = "/etc/model-analysis";

export function analysisJob(args: AnalysisJobArgs): types.input.batch.v1.JobSpec {
  const { plan } = args;
  return {
    // A wrong answer is wrong once for all; a pod that its node took along has said nothing.
    backoffLimit: 0,
    podFailurePolicy: { rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }] },
    // An answer may come at its third try.
    activeDeadlineSeconds: Math.ceil(plan.seconds + 3 * plan.answerSeconds * plan.prompts.length + 120),
    template: podTemplate(args.context, {
      part: { name: "model-proxy", component: "model-analysis", instance: args.pool },
      priorityClassName: "ai-batch",
      serviceAccountName: args.serviceAccountName,
      restartPolicy: "Never",
      container: {
        name: "analyze",
        image: args.image,
        command: [proxyProgram, "analyze"],
        env: { ANALYZE_PLAN: `${planPath}/${args.key}` },
        resources: args.resources,
        mounts: [{ name: "plan", mountPath: planPath, readOnly: true }],
      },
      volumes: [{ name: "plan", configMap: { name: args.map } }],
      versions: { plan: shortHash(plan) },
    }),
  };
}
