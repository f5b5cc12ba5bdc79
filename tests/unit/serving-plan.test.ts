/** The memory plan of pools: where they fit, where not, what is proposed, and what is shown of it. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { changed } from "../../stacks/capacityFix";
import { ConfigError } from "../../stacks/load";
import type { StackConfig } from "../../stacks/schema";
import { planPools, type PoolPlan } from "../../stacks/serving/memory";
import { memoryProblems } from "../../stacks/serving/memoryProblems";
import { nearestFit } from "../../stacks/serving/proposals";
import { servingPlanTable } from "../../stacks/serving/planTable";
import { alternatives } from "./support/capacity";
import { randomly } from "./support/random";
import { anyPlan, machines, modelOf, nameOf, planned } from "./support/servingPlan";
import { stack, tiny, type Fields } from "./support/stack";

const gib = 2 ** 30;
const a100 = machines("A100", "80Gi");
const small = machines("A100", "40Gi");
const l40s = machines("L40S", "46068Mi");
const l4 = machines("L4", "23034Mi");

function planOf(config: StackConfig): PoolPlan {
  const [plan] = planPools(config);
  if (!plan) throw new Error("no plan");
  return plan;
}
const verdict = (...args: Parameters<typeof planned>) => planOf(planned(...args)).verdict;
/** The only problem's fix. */
const fix = (...args: Parameters<typeof planned>) => memoryProblems(planned(...args)).map((problem) => problem.fix);

describe("the memory plan", () => {
  it("fits the guide's models where they run", () => {
    for (const id of ["codellama:7b", "llama3.2:3b", "mistral:7b", "phi3:3.8b", "deepseek-coder:6.7b"])
      expect(verdict({}, [modelOf(id)], [l4]), id).to.equal("fits");
    for (const id of ["codellama:13b", "codellama:34b", "gemma2:27b", "qwen2.5-coder:32b", "deepseek-coder:33b"])
      expect(verdict({}, [modelOf(id)], [l40s]), id).to.equal("fits");
    expect(verdict({}, [modelOf("codellama:7b"), modelOf("mistral:7b"), modelOf("codellama:34b")], [a100])).to.equal("fits");
  });

  it("refuses a model that is bigger than any GPU", () => {
    const config = planned({ parallel: 1, contextLength: 256 }, [modelOf("codellama:34b", "-fp16", { fileSize: "63Gi" })], [l40s, l4]);
    const [problem, ...more] = memoryProblems(config);
    expect(more).to.deep.equal([]);
    expect(problem).to.include({ field: "serving.pools[0].models" });
    expect(problem?.value).to.match(/^6[0-9.]+ GiB for each replica$/);
    expect(problem?.allowed).to.match(/^at most 22\.4 GiB, L4, machines l4 \(codellama:34b-v1\.0-base: 63 GiB of weights, /);
    expect(problem?.fix).to.equal("set serving.pools[0].gpusPerReplica to 4");
  });

  it("refuses models that fit each by itself, and not together", () => {
    const both = [modelOf("codellama:34b"), modelOf("qwen2.5-coder:32b")];
    for (const one of both) expect(verdict({}, [one], [l40s])).to.equal("fits");
    expect(verdict({}, both, [l40s])).to.equal("too large");
    expect(memoryProblems(planned({}, both, [l40s]))[0]?.allowed)
      .to.include(nameOf("codellama:34b"))
      .and.include(nameOf("qwen2.5-coder:32b"));
  });

  it("asks every kind of machine on which the pods may be placed", () => {
    expect(verdict({}, [modelOf("codellama:34b")], [a100, l4])).to.equal("too large");
    expect(verdict({ gpuClass: "A100" }, [modelOf("codellama:34b")], [a100, l4])).to.equal("fits");
  });

  it("reckons with what sharing leaves of a GPU", () => {
    const shared = machines("A100", "80Gi", { kind: "timeSlicing", replicas: 4 });
    const cut = machines("A100", "80Gi", { kind: "mig", strategy: "single", profile: "1g.10gb" });
    const memoryOn = (nodes: Parameters<typeof planned>[2], pool = {}) => planOf(planned(pool, [modelOf("llama3.2:1b")], nodes)).places[0]?.place.memory;
    expect(memoryOn([shared], { gpuClass: "A100" })).to.equal(20 * gib);
    expect(memoryOn([cut])).to.equal(9.5 * gib);
    expect(verdict({ gpuClass: "A100" }, [modelOf("codellama:34b")], [shared])).to.equal("too large");
    expect(verdict({}, [modelOf("codellama:7b")], [cut])).to.equal("too large");
    expect(verdict({}, [modelOf("llama3.2:1b")], [cut])).to.equal("fits");
  });

  it("spreads a model over GPUs, each of which has a graph of its own", () => {
    const model = modelOf("codellama:34b", "-q8_0");
    expect(verdict({ contextLength: 8192 }, [model], [small])).to.equal("too large");
    expect(verdict({ contextLength: 8192, gpusPerReplica: 2 }, [model], [small])).to.equal("fits");
    const [one, two] = [a100, small].map((nodes, i) => planOf(planned({ contextLength: 8192, gpusPerReplica: i + 1 }, [model], [nodes])).places[0]?.needed);
    expect(two).to.be.greaterThan(one ?? Infinity);
  });

  it("puts each model on as few GPUs as hold it", () => {
    const takes = (gpusPerReplica: number) => planOf(planned({ gpusPerReplica }, [modelOf("codellama:34b")], [l40s])).places[0]?.needed ?? 0;
    // Nothing more than what is kept free on the second.
    expect(takes(2) - takes(1)).to.be.within(1, gib);
    const two = [modelOf("codellama:34b"), modelOf("qwen2.5-coder:32b")];
    expect(verdict({ gpusPerReplica: 1 }, two, [l40s])).to.equal("too large");
    expect(verdict({ gpusPerReplica: 2 }, two, [l40s])).to.equal("fits");
  });

  it("asks the container's memory where a pool runs on CPU", () => {
    const plan = planOf(planned({ gpusPerReplica: 0 }, [modelOf("codellama:7b")], []));
    expect(plan.places.map(({ place }) => place.name)).to.deep.equal(["CPU, container of 16Gi"]);
    expect(plan.verdict).to.equal("fits");
    expect(verdict({ gpusPerReplica: 0 }, [modelOf("codellama:34b")], [])).to.equal("too large");
  });

  it("says of what it does not know that it is not planned, and why", () => {
    const unknown = (...args: Parameters<typeof planned>) => planOf(planned(...args)).unknown;
    expect(unknown({}, [modelOf("own:7b")], [a100])).to.deep.equal(["own:7b-v1.0-base: not in the catalogue, and no architecture"]);
    expect(unknown({}, [modelOf("codellama:7b")], [])).to.deep.equal(["GPU memory: no group of cluster.nodes with such GPUs"]);
    expect(unknown({}, [modelOf("codellama:7b")], [{ ...a100, gpu: undefined }])).to.deep.equal(["GPU memory of a100: no cluster.nodes[].gpu"]);
    expect(verdict({}, [modelOf("own:7b")], [a100])).to.equal("unknown");
    expect(memoryProblems(planned({}, [modelOf("own:7b")], [l4]))).to.deep.equal([]);
  });

  it("refuses what is not known where the file alone is too large", () => {
    const [problem] = memoryProblems(planned({}, [modelOf("own:70b", "", { fileSize: "40Gi" })], [l4]));
    expect(problem?.value).to.equal("40.5 GiB for each replica");
    expect(problem?.allowed).to.equal("at most 22.4 GiB, L4, machines l4 (own:70b-v1.0-base: at least 40.5 GiB)");
  });

  it("knows a model of one's own by its dimensions", () => {
    const architecture = { layers: 80, hiddenSize: 8192, feedForward: 28_672, heads: 64, kvHeads: 8, vocabulary: 128_256, context: 131_072 };
    const own = (fields = {}) => modelOf("own:70b", "", { architecture, ...fields });
    expect(verdict({}, [own()], [a100])).to.equal("fits");
    expect(verdict({}, [own({ quantization: "F16" })], [a100])).to.equal("too large");
    expect(verdict({}, [own({ fileSize: "75Gi" })], [a100])).to.equal("too large");
  });

  it("plans the tiny model of the images too", () => {
    expect(planOf(stack({ cluster: { nodes: [a100] } })).verdict).to.equal("fits");
    expect(planOf(stack({ cluster: { nodes: [a100] } })).models.map(({ name }) => name)).to.deep.equal([tiny]);
  });
});

describe("the proposal for a pool that does not fit", () => {
  it("is the change that takes the least away", () => {
    expect(fix({}, [modelOf("codellama:34b")], [l4])).to.deep.equal(["set serving.pools[0].parallel to 3"]);
    expect(fix({ contextLength: 16_384 }, [modelOf("codellama:7b")], [small])).to.deep.equal(["set serving.pools[0].contextLength to 15360"]);
    expect(fix({ parallel: 1, contextLength: 16_384 }, [modelOf("codellama:7b")], [machines("T4", "10Gi", undefined, 1)])).to.deep.equal([
      "set serving.pools[0].kvCacheType to q8_0",
    ]);
    expect(fix({ gpuClass: "L4", parallel: 1, contextLength: 2048 }, [modelOf("gemma2:27b", "-q8_0")], [l4, a100])).to.deep.equal([
      "set serving.pools[0].gpuClass to A100",
    ]);
    expect(fix({ parallel: 1, contextLength: 2048 }, [modelOf("codellama:13b", "-fp16")], [l4])).to.deep.equal(["set models[0].quantize to Q8_0"]);
    expect(fix({ parallel: 1, contextLength: 2048 }, [modelOf("gemma2:27b", "-q8_0")], [l4])).to.deep.equal(["set serving.pools[0].gpusPerReplica to 2"]);
  });

  it("is two changes where one is not enough", () => {
    const fixes = fix({ contextLength: 16_384, parallel: 16 }, [modelOf("codellama:7b")], [machines("T4", "12Gi", undefined, 1)]);
    expect(fixes).to.deep.equal(["set serving.pools[0].parallel to 1 and serving.pools[0].contextLength to 13568"]);
  });

  it("is words where nothing helps", () => {
    const one = machines("T4", "15Gi", undefined, 1);
    expect(fix({}, [modelOf("codellama:34b")], [one])).to.deep.equal(["take a smaller model, or larger GPUs"]);
    expect(fix({}, [modelOf("codellama:34b"), modelOf("mistral:7b")], [one])).to.deep.equal(["split the pool, or take smaller models"]);
  });

  it("is said as docs/sizing.md shows it", () => {
    const config = planned({}, [modelOf("codellama:34b")], [l4]);
    const shown = [...readFileSync("docs/sizing.md", "utf8").matchAll(/\n```text\n([^`]*)\n```\n/g)].map(([, text]) => text);
    expect(shown).to.include(new ConfigError("Pulumi.production.yaml", memoryProblems(config)).message);
    expect(shown).to.include(servingPlanTable(config));
  });

  it("always fits, and is there wherever one setting less would fit", () => {
    let proposed = 0;
    randomly(150, (random) => {
      const config = anyPlan(random);
      const [plan] = planPools(config);
      const [problem] = memoryProblems(config);
      expect(problem === undefined).to.equal(plan?.verdict !== "too large");
      if (problem === undefined) return;
      const changes = nearestFit(config, 0);
      if (changes === undefined) return;
      proposed++;
      expect(planPools(changed(config, changes))[0]?.verdict).not.to.equal("too large");
      // What is said is what was planned.
      expect(alternatives(problem)[0]).to.deep.equal(changes);
    });
    expect(proposed).to.be.greaterThan(20);
  });
});

describe("the table of the memory plan", () => {
  const table = (...args: Parameters<typeof planned>) => servingPlanTable(planned(...args)).split("\n");

  it("shows each model's parts, their sum and where it fits", () => {
    expect(table({ gpuClass: "A100" }, [modelOf("codellama:7b"), modelOf("mistral:7b")], [a100])).to.deep.equal([
      "memory of a replica       type    weights  cache    graph     CUDA       sum",
      "pool chat",
      "  codellama:7b-v1.0-base  Q4_0    3.5 GiB  8 GiB  1.4 GiB  457 MiB  13.3 GiB",
      "  mistral:7b-v1.0-base    Q4_K_M  4.1 GiB  2 GiB  1.2 GiB  457 MiB   7.6 GiB",
      "  fits: 21.2 GiB of 80 GiB, A100",
      "licences: any is allowed, since serving.licences is not set",
      "  Llama-2-Community (a licence of its own from Meta above 700 million monthly users; acceptable use",
      "    policy; no training of other models with its output): codellama:7b-v1.0-base",
      "  Apache-2.0 (no restriction of use): mistral:7b-v1.0-base",
    ]);
  });

  it("says what is not planned, and what a model does not get", () => {
    const lines = table({ contextLength: 32_768, kvCacheType: "q8_0" }, [modelOf("gemma2:9b"), modelOf("own:7b")], [a100]);
    expect(lines).to.include("  not planned: own:7b-v1.0-base: not in the catalogue, and no architecture");
    expect(lines).to.include("  gemma2:9b-v1.0-base was trained with 8192 tokens: longer contexts are cut to that");
    expect(lines).to.include("  gemma2:9b-v1.0-base has no flash attention in Ollama: its cache is f16");
    expect(lines.filter((line) => line.includes("fits:"))).to.deep.equal([]);
    expect(lines.some((line) => line.startsWith("  at least: "))).to.equal(true);
  });

  it("has lines of less than 100 columns", () => {
    randomly(50, (random) => {
      for (const line of servingPlanTable(anyPlan(random)).split("\n")) expect(line.length, line).to.be.below(100);
    });
  });

  it("notes what has no effect here, with what happens instead", () => {
    const prompts = [{ model: nameOf("codellama:7b"), prompt: "a", expect: { kind: "contains", text: "b" } }];
    const hold = { revision: "6d4c8f9b75", by: "ops", since: "2026-01-31T12:00:00Z", reason: "slow" };
    const pool = { previewReplicas: 2, rollout: { prompts }, hold, scale: { min: 1, max: 2, requestsPerReplica: 8 } };
    const text = table(pool, [modelOf("codellama:7b")], [a100], { cluster: { capabilities: { verticalPodAutoscaler: true } } })
      .join(" ")
      .replace(/\s+/g, " ");
    expect(text).to.include("without the capability argoRollouts there is no preview");
    expect(text).to.include("without the capability argoRollouts nothing is measured or promoted");
    expect(text).to.include("requestsPerReplica is not used");
    expect(text).to.include("VPA only recommends");
    const measured = (capabilities: Fields) =>
      table(pool, [modelOf("codellama:7b")], [a100], { cluster: { capabilities: { argoRollouts: true, ...capabilities } } })
        .join(" ")
        .replace(/\s+/g, " ");
    expect(measured({})).to.include("measured by the answers and times of the analysis itself only");
    expect(measured({ monitoring: true })).to.include("a new version's use of GPUs is not measured");
    expect(text).to.include("held at revision 6d4c8f9b75 by ops since 2026-01-31T12:00:00Z (slow)");
    // 2 pods and 2 of a preview are what the switch takes; 6 and 2 are not.
    expect(measured({})).not.to.include("the switch to a new version");
    const large = (more: Fields) =>
      table({ ...pool, previewReplicas: 2, ...more }, [modelOf("codellama:7b")], [a100], { cluster: { capabilities: { argoRollouts: true } } })
        .join(" ")
        .replace(/\s+/g, " ");
    const takes = "takes up to 12 pods at once, 8 are planned; where there is no room for more, ";
    expect(large({ replicas: 6, scale: undefined })).to.include(`${takes}up lets both versions go down`);
    expect(large({ scale: { min: 1, max: 6 } })).to.include(`${takes}the switch waits`);
    const quiet = table(pool, [modelOf("codellama:7b")], [a100], {
      cluster: { capabilities: { argoRollouts: true, customMetrics: "keda", monitoring: true, gpuOperator: true } },
    });
    expect(quiet.filter((line) => line.startsWith("note:")).map((line) => line.slice(0, 23))).to.deep.equal(["note: pool chat is held"]);
  });
});
