import { expect } from "chai";
import { readFileSync } from "node:fs";
import { add, type Amounts } from "../../stacks/amounts";
import { canSurge, capacityPlan, capacityProblems, capacityTable, podOf } from "../../stacks/capacity";
import { changed } from "../../stacks/capacityFix";
import { unplaced } from "../../stacks/capacityNodes";
import { platformWorkloads } from "../../stacks/capacityPlan";
import { ConfigError } from "../../stacks/load";
import { parseBytes, parseCpu } from "../../stacks/quantities";
import { schema, type StackConfig } from "../../stacks/schema";
import { alternatives, anyStack, mended } from "./support/capacity";
import { randomly } from "./support/random";
import { servingOf, stack, type Fields } from "./support/stack";

const many = { storage: { models: { accessMode: "ReadWriteMany" } } };
const guide = (environment: string, fields: Fields = {}) => stack({ environment, sizing: "guide", ...many, ...fields });
const team = (name: string, quota: Fields, more: Fields = {}) => ({ name, group: `team-${name}`, quota: { cpu: "1", memory: "1Gi", ...quota }, ...more });
const node = (name: string, count: number, cpu: string, memory: string, gpus = 0) => ({ name, count, cpu, memory, gpus });

/** The production stack of docs/capacity.md. */
const production = guide("production", {
  cluster: { nodes: [node("gpu", 3, "64", "256Gi", 4), node("worker", 3, "32", "128Gi")] },
  ...servingOf({ replicas: 3, scale: { min: 2, max: 6 }, previewReplicas: 2 }),
  storage: {
    models: { accessMode: "ReadWriteMany" },
    shared: { share: { kind: "nfs", server: "nfs.example.com", path: "/export" }, volumes: [{ name: "datasets", size: "200Gi", writer: "ml" }] },
  },
  teams: [
    team("ml", { cpu: "32", memory: "128Gi", gpus: 4, storage: "500Gi" }),
    team("web", { cpu: "16", memory: "64Gi" }),
    team("mobile", { cpu: "8", memory: "32Gi" }, { project: "web" }),
  ],
});

/** The guide's 10 replicas. */
const tooMany: StackConfig = changed(production, [{ field: "serving.pools[0].scale.max", value: 10 }]);

const gpusOf = (config: StackConfig) => capacityPlan(config).guaranteed.gpus;
const only = (config: StackConfig) => {
  const [problem, ...more] = capacityProblems(config);
  expect(more).to.deep.equal([]);
  return problem;
};

describe("the capacity plan", () => {
  it("has production at 2 to 6 replicas with 2 of a new version within exactly 8 GPUs", () => {
    expect(capacityProblems(production)).to.deep.equal([]);
    expect(gpusOf(production)).to.equal(8n);
  });

  it("refuses the guide's 10 replicas on 8 GPUs, with the sum and what fits", () => {
    expect(only(tooMany)).to.deep.equal({
      field: "serving.pools",
      value: "12 GPUs at the largest scale (pool ollama: (10 + 2 preview) × 1)",
      allowed: "8 GPUs, the quota of ai-production: quota.gpus, by sizing guide",
      fix: "set serving.pools[0].scale.max to 6, or set quota.gpus to 12",
    });
  });

  it("takes the server's limit as its request where the models are in a GPU, and lets it have more where they are in its own memory", () => {
    const memoryOf = (gpusPerReplica: number) => {
      const config = guide("production", servingOf({ gpusPerReplica }));
      const [pool] = config.serving.pools;
      const { memory, memoryLimit } = pool === undefined ? { memory: 0n, memoryLimit: 0n } : podOf(pool, config);
      return [memory, memoryLimit];
    };
    expect(memoryOf(0)).to.deep.equal([parseBytes("8256Mi"), parseBytes("16512Mi")]);
    expect(memoryOf(1)).to.deep.equal([parseBytes("8256Mi"), parseBytes("8320Mi")]);
  });

  it("counts a pod as the larger of what checks its models and what then runs, the server with its sidecar, with its GPUs", () => {
    const config = guide("production", servingOf({ gpusPerReplica: 2 }));
    const [pool] = config.serving.pools;
    expect(pool && podOf(pool, config)).to.deep.equal({
      pods: 1n,
      cpu: parseCpu("2050m"),
      memory: parseBytes("8256Mi"),
      memoryLimit: parseBytes("8320Mi"),
      gpus: 2n,
      storage: 0n,
    } satisfies Amounts);
  });

  it("has the routers of each pool, a loader for each model, the volume of models, and the platform's claims of shared volumes", () => {
    const { workloads, projects } = capacityPlan(production);
    expect(workloads.map(({ name, count, scale }) => [name, count, scale])).to.deep.equal([
      ["pool ollama", 8, "6 + 2 preview"],
      ["router ollama", 3, "2 + 1 updating"],
      ["loaders", 1, "1"],
      ["claim models", 1, ""],
      ["claim datasets", 1, ""],
    ]);
    expect(projects[0]?.used).to.deep.equal(add(workloads.map(({ total }) => total)));
    expect(projects[0]?.used).to.include({ pods: 12n, cpu: parseCpu("17.2"), memory: parseBytes("67456Mi"), storage: parseBytes("700Gi") });
  });

  it("has nothing of serving where that layer is left out", () => {
    expect(capacityPlan(guide("production", { layers: { serving: false } })).workloads).to.deep.equal([]);
  });

  it("promises teams their quotas, of what the platform leaves", () => {
    const { promised, nodes } = capacityPlan(production);
    expect(promised).to.include({ cpu: 56_000n, gpus: 4n });
    expect(nodes?.left).to.include({ cpu: parseCpu("270.8"), gpus: 4n });
    expect(nodes?.mayPromise).to.include({ gpus: 6n });
  });

  it("never needs less for more replicas", () => {
    randomly(150, (random) => {
      const config = anyStack(random);
      const p = random.below(config.serving.pools.length);
      const field = config.serving.pools[p]?.scale ? "scale.max" : "replicas";
      const now = config.serving.pools[p]?.scale?.max ?? config.serving.pools[p]?.replicas ?? 0;
      const more = changed(config, [{ field: `serving.pools[${p}].${field}`, value: now + 1 + random.below(5) }]);
      const [a, b] = [config, more].map((one) => add(platformWorkloads(one).map(({ total }) => total)));
      for (const resource of ["pods", "cpu", "memory", "memoryLimit", "gpus", "storage"] as const)
        expect((a?.[resource] ?? 0n) <= (b?.[resource] ?? 0n)).to.equal(true);
      if (capacityProblems(more).length === 0) expect(capacityProblems(config)).to.deep.equal([]);
    });
  });
});

describe("the extra pod of a rolling update", () => {
  const surges = (config: StackConfig) => config.serving.pools.map((pool) => canSurge(pool, config));
  const cases: readonly (readonly [what: string, surges: readonly boolean[], config: StackConfig])[] = [
    ["is there with a GPU left", [true], guide("development", servingOf({ replicas: 2 }))],
    ["is not there where all GPUs are taken", [false], guide("production", servingOf({ replicas: 8 }))],
    ["is not there where a new version takes the last one", [false], guide("production", servingOf({ replicas: 6, previewReplicas: 2 }))],
    ["is not there where scaling takes the last one", [false], guide("production", servingOf({ replicas: 1, scale: { min: 1, max: 8 } }))],
    ["is not there with a volume that one machine mounts", [false], guide("development", { storage: {} })],
    ["is not there where memory is short", [false], guide("development", { quota: { memory: "17Gi" }, ...servingOf({ replicas: 2, gpusPerReplica: 0 }) })],
    [
      "is not there where no machine has room",
      [false],
      guide("development", { cluster: { nodes: [node("a", 1, "32", "64Gi", 3)] }, ...servingOf({ gpusPerReplica: 2 }) }),
    ],
    ["is the first pool's where there is one GPU for two", [true, false], guide("production", servingOf({ replicas: 3 }, { replicas: 4 }))],
  ];
  for (const [what, expected, config] of cases) {
    it(what, () => expect(surges(config)).to.deep.equal(expected));
  }

  it("is counted", () => {
    const config = guide("development", servingOf({ replicas: 2 }));
    expect(gpusOf(config)).to.equal(3n);
    expect(capacityPlan(config).workloads[0]?.scale).to.equal("2 + 1 updating");
  });

  it("never makes a stack too large that fits without it", () => {
    randomly(150, (random) => {
      const config = anyStack(random);
      if (capacityProblems(config).some(({ field }) => field !== "teams")) return;
      const { projects } = capacityPlan(config);
      const [platform] = projects;
      if (!platform) throw new Error("no platform");
      for (const resource of ["pods", "cpu", "memory", "memoryLimit", "gpus", "storage"] as const)
        expect(platform.used[resource] <= platform.hard[resource]).to.equal(true);
    });
  });
});

describe("places on machines", () => {
  const missing = (nodes: readonly Fields[], ...pools: readonly Fields[]) => {
    const config = guide("production", { cluster: { nodes }, ...servingOf(...pools) });
    return Object.fromEntries(
      unplaced(
        platformWorkloads(config).filter(({ each }) => each.pods > 0n),
        config,
      ),
    );
  };

  it("are for whole pods: a machine with 3 GPUs holds one replica of 2", () => {
    expect(missing([node("a", 3, "64", "256Gi", 3)], { replicas: 3, gpusPerReplica: 2 })).to.deep.equal({});
    expect(missing([node("a", 3, "64", "256Gi", 3)], { replicas: 4, gpusPerReplica: 2 })).to.deep.equal({ "pool ollama": 1 });
  });

  it("are limited by CPU and memory as by GPUs", () => {
    expect(missing([node("a", 1, "5", "256Gi", 8)], { replicas: 3 })).to.deep.equal({ "pool ollama": 1 });
    expect(missing([node("a", 1, "64", "18Gi", 8)], { replicas: 3 })).to.deep.equal({ "pool ollama": 1 });
  });

  it("are limited by the pods of a machine", () => {
    expect(missing([{ ...node("a", 1, "64", "256Gi", 8), pods: 6 }], { replicas: 3 })).to.deep.equal({ "router ollama": 1 });
  });

  it("go to the pods with the most GPUs first, and pods without any leave machines with GPUs alone", () => {
    expect(missing([node("a", 1, "64", "256Gi", 4), node("b", 1, "64", "256Gi", 2)], { replicas: 2 }, { replicas: 1, gpusPerReplica: 4 })).to.deep.equal({});
    expect(
      missing([node("gpu", 1, "4100m", "16512Mi", 2), node("cpu", 1, "5200m", "64Gi")], { replicas: 2, gpusPerReplica: 0 }, { replicas: 2 }),
    ).to.deep.equal({});
  });

  it("are on one machine where the volume is mounted on one", () => {
    const config = (count: number) => stack({ cluster: { nodes: [node("a", count, "64", "256Gi", 2)] }, ...servingOf({ replicas: 3 }) });
    expect(unplaced(platformWorkloads(config(1)), config(1)).get("pool ollama")).to.equal(1);
    expect(unplaced(platformWorkloads(config(9)), config(9)).get("pool ollama")).to.equal(1);
  });

  it("are never more than counting one pod after another finds", () => {
    randomly(200, (random) => {
      const config = changed(anyStack(random), [{ field: "storage.models.accessMode", value: "ReadWriteMany" }]);
      if (config.cluster.nodes.length === 0) return;
      const workloads = platformWorkloads(config).filter(({ each }) => each.pods > 0n);
      const byRank = (a: Amounts, b: Amounts) => Number(a.gpus - b.gpus) || Number(a.cpu - b.cpu) || Number(a.memory - b.memory);
      const free = config.cluster.nodes
        .flatMap(({ count, cpu, memory, gpus, pods }) =>
          Array.from({ length: count }, () => ({
            pods: BigInt(pods),
            cpu: parseCpu(cpu),
            memory: parseBytes(memory),
            memoryLimit: 0n,
            gpus: BigInt(gpus),
            storage: 0n,
          })),
        )
        .sort(byRank);
      const simple: Record<string, number> = {};
      for (const { name, each, count } of [...workloads].sort((a, b) => byRank(b.each, a.each))) {
        for (let i = 0; i < count; i++) {
          const machine = free.find((one) => (["pods", "cpu", "memory", "gpus"] as const).every((resource) => each[resource] <= one[resource]));
          if (machine) for (const resource of ["pods", "cpu", "memory", "gpus"] as const) machine[resource] -= each[resource];
          else simple[name] = (simple[name] ?? 0) + 1;
        }
      }
      expect(Object.fromEntries(unplaced(workloads, config))).to.deep.equal(simple);
    });
  });
});

describe("what does not fit", () => {
  const machine = node("a", 2, "64", "256Gi", 4);
  const cases: readonly (readonly [what: string, config: StackConfig, field: string, value: string, allowed: string, fix: string])[] = [
    [
      "more CPU than the quota",
      guide("development", { quota: { cpu: "4" }, ...servingOf({ replicas: 3, gpusPerReplica: 0 }) }),
      "serving.pools",
      "6.95 CPU at the largest scale (pool ollama: 3 × 2.05; router ollama: (2 + 1 updating) × 0.1; loaders: 1 × 0.5)",
      "4 CPU, the quota of ai-development: quota.cpu",
      "set serving.pools[0].replicas to 1, or set quota.cpu to 6950m",
    ],
    [
      "more pods than the quota, which is not configured",
      stack({ ...many, quota: { cpu: "64", memory: "64Gi", memoryLimit: "128Gi" }, ...servingOf({ replicas: 60, gpusPerReplica: 0 }) }),
      "serving.pools",
      "63 pods at the largest scale (pool ollama: 60 × 1; router ollama: (1 + 1 updating) × 1; loaders: 1 × 1)",
      "50 pods, the quota of ai-development",
      "set serving.pools[0].replicas to 47",
    ],
    [
      "more storage than the quota",
      guide("development", { storage: { models: { size: "2Ti", accessMode: "ReadWriteMany" } } }),
      "storage",
      "2Ti of storage at the largest scale (claim models: 2Ti)",
      "1Ti of storage, the quota of ai-development: quota.storage, by sizing guide",
      "set quota.storage to 2Ti",
    ],
    [
      "a quota of limits below that of requests",
      guide("development", { quota: { memory: "100Gi" } }),
      "quota.memoryLimit",
      "64Gi, by sizing guide",
      "at least 100Gi, the quota of requested memory: no pod's limit is below its request",
      "set quota.memoryLimit to 100Gi",
    ],
    [
      "a quota above what the machines have",
      guide("production", { quota: { gpus: 16 }, cluster: { nodes: [machine] } }),
      "quota.gpus",
      "16 GPUs for ai-production",
      "at most 8 GPUs, the sum of cluster.nodes",
      "set quota.gpus to 8, or declare the machines that are missing",
    ],
    [
      "a pod with more GPUs than a machine has, in fewer pods than there were",
      guide("production", { cluster: { nodes: [machine] }, ...servingOf({ replicas: 1, gpusPerReplica: 8 }) }),
      "serving.pools[0].gpusPerReplica",
      "2.05 CPU, 8256Mi of memory and 8 GPUs for each pod",
      "what one machine of cluster.nodes has: 2 × a (64 CPU, 256Gi, 4 GPUs)",
      "set serving.pools[0].gpusPerReplica to 4",
    ],
    [
      "a pod with more memory than a machine has",
      guide("development", { cluster: { nodes: [node("small", 8, "16", "4Gi", 4)] } }),
      "serving.pools[0]",
      "2.05 CPU, 8256Mi of memory and 1 GPU for each pod",
      "what one machine of cluster.nodes has: 8 × small (16 CPU, 4Gi, 4 GPUs)",
      "declare machines with at least 2.05 CPU, 8256Mi of memory and 1 GPU",
    ],
    [
      "pods that fit the machines only in sum",
      guide("production", { cluster: { nodes: [node("a", 3, "64", "256Gi", 3)] }, ...servingOf({ replicas: 4, gpusPerReplica: 2 }) }),
      "cluster.nodes",
      "3 × a (64 CPU, 256Gi, 3 GPUs): no place for 1 of 4 pods of pool ollama",
      "a place on one machine for each pod: what a pod needs is not split over machines",
      "set serving.pools[0].replicas to 3, or set cluster.nodes[0].count to 4",
    ],
    [
      "pods on several machines whose volume is mounted on one",
      stack({ cluster: { nodes: [node("a", 2, "64", "256Gi", 2)] }, ...servingOf({ replicas: 3 }) }),
      "storage.models.accessMode",
      '"ReadWriteOnce", and 2 × a (64 CPU, 256Gi, 2 GPUs): no place for 1 of 3 pods of pool ollama',
      "a machine with room for all pods: the volume of models is ReadWriteOnce, which one machine mounts",
      "set serving.pools[0].replicas to 2, or set storage.models.accessMode to ReadWriteMany",
    ],
    [
      "more promised to teams than the overcommitted rest",
      guide("production", {
        cluster: { nodes: [machine] },
        ...servingOf({ replicas: 6 }),
        teams: [team("ml", { gpus: 2 }), team("data", { gpus: 1 })],
      }),
      "teams",
      "3 GPUs (ml: 2; data: 1)",
      "at most 1 GPU: 1.5 × the 1 that the platform leaves of the 8 of cluster.nodes",
      "set teams[0].quota.gpus to 1 and teams[1].quota.gpus to 0, or set capacity.overcommit to 3",
    ],
  ];
  for (const [what, config, field, value, allowed, fix] of cases) {
    it(`is refused: ${what}`, () => expect(only(config)).to.deep.equal({ field, value, allowed, fix }));
  }

  it("takes from several pools where one is not enough, and stays above its least", () => {
    const config = guide("development", servingOf({ replicas: 3, scale: { min: 3, max: 6 }, gpusPerReplica: 1 }, { replicas: 5 }));
    const gpus = capacityProblems(config).find(({ value }) => value?.includes("GPUs"));
    expect(gpus?.fix.split(", or ")[0]).to.equal(
      "set serving.pools[0].scale.max to 2, serving.pools[0].scale.min to 2, serving.pools[0].replicas to 2 and serving.pools[1].replicas to 1",
    );
  });

  it("is all reported at once", () => {
    const config = guide("production", {
      quota: { memory: "512Gi" },
      cluster: { nodes: [node("a", 1, "16", "64Gi", 2)] },
      storage: { models: { size: "4Ti", accessMode: "ReadWriteMany" } },
      ...servingOf({ replicas: 10 }),
      teams: [team("ml", { gpus: 4 })],
    });
    expect(capacityProblems(config).map(({ field }) => field)).to.deep.equal([
      "quota.memoryLimit",
      "serving.pools",
      "storage",
      "quota.cpu",
      "quota.memory",
      "quota.gpus",
      "cluster.nodes",
      "teams",
    ]);
  });

  it("fits with the first alternative of each fix", () => {
    let tried = 0;
    randomly(200, (random) => {
      const config = anyStack(random);
      const problems = capacityProblems(config);
      const better = problems.length > 0 ? mended(config, problems) : undefined;
      if (better === undefined) return;
      tried += 1;
      expect(capacityProblems(schema.parse(better)), JSON.stringify([config, problems])).to.deep.equal([]);
      for (const { scale, replicas } of better.serving.pools) {
        if (scale) expect([scale.min <= scale.max, replicas >= scale.min, replicas <= scale.max]).to.deep.equal([true, true, true]);
      }
    });
    expect(tried).to.be.greaterThan(80);
  });

  it("fits with each alternative of its only fix", () => {
    let tried = 0;
    randomly(200, (random) => {
      const config = anyStack(random);
      const problems = capacityProblems(config);
      const [problem] = problems;
      if (problem === undefined || problems.length > 1) return;
      for (const alternative of alternatives(problem)) {
        tried += 1;
        const left = capacityProblems(schema.parse(changed(config, alternative)));
        // More for the platform can leave less for teams; more pods that fit can want more storage.
        expect(
          left.filter(({ field }) => field !== "teams"),
          JSON.stringify([config, problem]),
        ).to.deep.equal([]);
      }
    });
    expect(tried).to.be.greaterThan(50);
  });
});

describe("the capacity table", () => {
  it("in docs/capacity.md is what the program makes, and so is the refusal", () => {
    const shown = [...readFileSync("docs/capacity.md", "utf8").matchAll(/\n```text\n([^`]*)\n```\n/g)].map(([, text]) => text);
    expect(shown).to.deep.equal([capacityTable(capacityPlan(production)), new ConfigError("Pulumi.production.yaml", capacityProblems(tooMany)).message]);
  });

  it("says that no machines are declared", () => {
    expect(capacityTable(capacityPlan(guide("development")))).to.match(/\ncluster.nodes: none declared, so the plan is checked against quotas only$/);
  });

  it("has less than 100 columns, all of them aligned, whatever the stack", () => {
    randomly(50, (random) => {
      const lines = capacityTable(capacityPlan(anyStack(random))).split("\n");
      const ends = [...(lines[0] ?? "").matchAll(/(pods|CPU|memory|limits|GPUs|storage)/g)].map(({ index, 0: name }) => index + name.length);
      for (const line of lines) {
        expect(line.length).to.be.lessThan(100);
        if (line.startsWith("  ")) for (const end of ends) expect(line.slice(end, end + 2).trim(), line).to.equal("");
      }
    });
  });

  it("shortens names that are too long, not numbers", () => {
    const long = "p".repeat(40);
    const config = guide("production", servingOf({ name: long, replicas: 6, previewReplicas: 2 }));
    const line = capacityTable(capacityPlan(config))
      .split("\n")
      .find((one) => one.startsWith("  pool"));
    expect(line).to.match(/^ {2}pool p+… +8 +16\.4 +64\.5Gi +65Gi +8 +-$/);
  });

  it("names the share of the quota that is used, and of the machines", () => {
    const lines = capacityTable(capacityPlan(production)).split("\n");
    expect(lines.filter((line) => line.startsWith("  used")).map((line) => line.trim().split(/ +/))).to.deep.equal([
      ["used", "12%", "35%", "51%", "27%", "100%", "34%"],
      ["used", "1%", "5%", "5%", "66%"],
      ["used", "13%", "13%", "66%"],
    ]);
  });
});
