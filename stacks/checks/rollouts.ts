/** What new versions are measured by, and what that needs of the cluster. */
import { nearest, type Problem } from "../problems";
import type { PoolConfig, StackConfig } from "../schema";
import { problem } from "./problem";

export function rollouts(config: StackConfig): Problem[] {
  return [...metrics(config), ...config.serving.pools.flatMap((pool, p) => prompts(pool, `serving.pools[${p}].rollout.prompts`))];
}

function metrics({ cluster: { capabilities } }: StackConfig): Problem[] {
  const { customMetrics, monitoring } = capabilities;
  if (customMetrics === "none" || monitoring) return [];
  return [
    problem(
      "cluster.capabilities.customMetrics",
      customMetrics,
      "none while monitoring is false: no Prometheus has the metrics of the pools",
      "set monitoring to true where a Prometheus reads PodMonitors, or customMetrics to none",
    ),
  ];
}

function prompts({ models, rollout }: PoolConfig, field: string): Problem[] {
  return rollout.prompts.flatMap(({ model, expect }, i) => {
    const problems: Problem[] = [];
    if (!models.includes(model)) {
      const meant = nearest(model, models);
      problems.push(
        problem(
          `${field}[${i}].model`,
          model,
          `a model of the pool: ${models.join(", ")}`,
          meant ? `did you mean "${meant}"?` : "take one of them, or add it to the pool",
        ),
      );
    }
    const wrong = expect.kind === "regex" ? mistakeOf(expect.text) : undefined;
    if (wrong !== undefined) {
      problems.push(problem(`${field}[${i}].expect.text`, expect.text, `a regular expression: ${wrong}`, "correct it, or set expect.kind to contains"));
    }
    return problems;
  });
}

function mistakeOf(pattern: string): string | undefined {
  try {
    new RegExp(pattern, "u");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^Invalid regular expression: /, "") : String(error);
  }
}
