import { expect } from "chai";
import { quotaOf } from "../../components/foundation/limits";
import { capacityPlan, capacityProblems, capacityTable, podOf } from "../../stacks/capacity";
import { unplaced } from "../../stacks/capacityNodes";
import { platformWorkloads } from "../../stacks/capacityPlan";
import { sharing } from "../../stacks/checks/sharing";
import { allocatableOf, furtherGpus, gpuClasses, gpuResourceOf, gpuResources, nodeSelectorOf, partsOf, type NodeGroup } from "../../stacks/gpu";
import { projects } from "../../stacks/projects";
import type { PoolConfig, StackConfig } from "../../stacks/schema";
import { machines } from "./support/servingPlan";
import { servingOf, stack, type Fields } from "./support/stack";

const slices = (replicas = 4): Fields => ({ kind: "timeSlicing", replicas });
const mig = (profile: string, strategy = "mixed"): Fields => ({ kind: "mig", strategy, profile });
const whole = machines("h100", "80Gi");
const cut = machines("a100", "80Gi", mig("1g.10gb"));
const shared = machines("t4", "16Gi", slices());

/** A stack of real size on these machines. */
const on = (nodes: readonly Fields[], pools: readonly Fields[] = [{}], cluster: Fields = {}): StackConfig =>
  stack({
    sizing: "guide",
    environment: "production",
    cluster: { nodes, ...cluster },
    storage: { models: { accessMode: "ReadWriteMany" } },
    ...servingOf(...pools),
  });
const first = ({ serving }: StackConfig): PoolConfig => {
  const [pool] = serving.pools;
  if (pool === undefined) throw new Error("no pool");
  return pool;
};
const group = (fields: Fields): NodeGroup => {
  const [found] = on([fields]).cluster.nodes;
  if (found === undefined) throw new Error("no group");
  return found;
};

describe("GPUs of machines", () => {
  const parts: readonly (readonly [memory: string, sharing: Fields, parts: number])[] = [
    ["80Gi", { kind: "whole" }, 1],
    ["16Gi", slices(8), 8],
    ["40Gi", mig("1g.5gb"), 7],
    ["40Gi", mig("1g.10gb"), 4],
    ["80Gi", mig("1g.10gb"), 7],
    ["80Gi", mig("1g.20gb"), 4],
    ["80Gi", mig("2g.20gb"), 3],
    ["80Gi", mig("3g.40gb", "single"), 2],
    ["80Gi", mig("4g.40gb"), 1],
    ["80Gi", mig("7g.80gb"), 1],
    ["24Gi", mig("1g.6gb"), 4],
    ["24Gi", mig("2g.12gb"), 2],
    ["24Gi", mig("4g.24gb"), 1],
    ["141Gi", mig("1g.18gb"), 7],
    // Not in the table of GPUs: by the names of the profiles.
    ["180Gi", mig("1g.23gb"), 7],
    ["180Gi", mig("3g.90gb"), 2],
  ];
  for (const [memory, how, expected] of parts) {
    it(`serve ${expected} requests each: ${memory} ${JSON.stringify(how)}`, () => {
      const { gpu } = group(machines("x", memory, how));
      expect(gpu && partsOf(gpu)).to.equal(expected);
    });
  }

  it("are what the machine shows, without a kind", () => {
    expect(allocatableOf(group({ name: "gpu", cpu: "64", memory: "256Gi", count: 1, gpus: 3 }))).to.equal(3);
    expect(allocatableOf(group(shared))).to.equal(16);
  });

  it("have classes, and each class a resource", () => {
    const config = on([whole, cut, shared, { name: "cpu", count: 1, cpu: "8", memory: "32Gi" }]);
    expect(gpuClasses(config)).to.deep.equal(["h100", "a100", "t4"]);
    const resource = (gpuClass?: string) => gpuResourceOf({ ...first(config), gpuClass }, config);
    expect(["h100", "a100", "t4", undefined].map(resource)).to.deep.equal([
      "nvidia.com/gpu",
      "nvidia.com/mig-1g.10gb",
      "nvidia.com/gpu.shared",
      "nvidia.com/gpu",
    ]);
    expect(gpuResources(config)).to.deep.equal(["nvidia.com/gpu", "nvidia.com/mig-1g.10gb", "nvidia.com/gpu.shared"]);
  });

  it("are called nvidia.com/gpu as instances of the strategy single, and what the cluster says without a class", () => {
    const single = on([machines("a100", "40Gi", mig("1g.5gb", "single"))], [{ gpuClass: "a100" }], { gpuResource: "nvidia.com/gpu.shared" });
    expect(gpuResourceOf(first(single), single)).to.equal("nvidia.com/gpu");
    expect(gpuResourceOf({ gpuClass: undefined }, single)).to.equal("nvidia.com/gpu.shared");
  });

  it("are asked for by their class, and by the pool's own labels, which come first", () => {
    const config = on([cut], [{ gpuClass: "a100", nodeSelector: { zone: "a" } }]);
    expect(nodeSelectorOf(first(config), config)).to.deep.equal({ "gpu.nvidia.com/class": "a100", zone: "a" });
    expect(nodeSelectorOf({ gpuClass: undefined, nodeSelector: {} }, config)).to.deep.equal({});
  });
});

describe("quotas of GPUs", () => {
  const chat = { gpuClass: "a100", scale: { min: 1, max: 4 }, previewReplicas: 2 };
  const config = on([whole, cut, shared], [chat, { gpuClass: "h100", replicas: 2 }]);

  it("hold what the pools take at most of each resource: scaled out, with a preview and a pod more for an update", () => {
    expect(furtherGpus(config)).to.deep.equal({ "nvidia.com/mig-1g.10gb": 7, "nvidia.com/gpu.shared": 0 });
  });

  it("count by requests only, each resource under its name, and give none of what nobody may have", () => {
    const [platform, infrastructure] = projects(config);
    const hard = quotaOf(platform?.quota ?? projectsMissing(), config.cluster.gpuResource, {});
    expect(hard).to.include({ "requests.nvidia.com/gpu": "8", "requests.nvidia.com/mig-1g.10gb": "7", "requests.nvidia.com/gpu.shared": "0" });
    expect(Object.keys(hard).filter((name) => name.startsWith("limits.nvidia"))).to.deep.equal([]);
    expect(infrastructure?.quota.furtherGpus).to.deep.equal({ "nvidia.com/mig-1g.10gb": 0, "nvidia.com/gpu.shared": 0 });
  });

  it("are as before where there is one resource", () => {
    expect(projects(on([whole]))[0]?.quota).to.not.have.property("furtherGpus");
  });
});

function projectsMissing(): never {
  throw new Error("no project");
}

describe("the capacity plan with classes of GPUs", () => {
  it("counts what a pod requests under its name", () => {
    const config = on([whole, cut], [{ gpuClass: "a100" }]);
    expect(podOf(first(config), config)).to.deep.include({ gpus: 0n, further: { "nvidia.com/mig-1g.10gb": 1n } });
    expect(capacityPlan(config).nodes?.total).to.deep.include({ gpus: 16n, further: { "nvidia.com/mig-1g.10gb": 112n } });
  });

  it("places pods on machines of their class only", () => {
    const missing = (pools: readonly Fields[], nodes: readonly Fields[]) => {
      const config = on(nodes, pools);
      return Object.fromEntries(
        unplaced(
          platformWorkloads(config).filter(({ name }) => name.startsWith("pool")),
          config,
        ),
      );
    };
    const many = (gpuClass: string, replicas: number) => ({ gpuClass, replicas });
    expect(missing([many("h100", 16)], [whole, machines("l40s", "48Gi")])).to.deep.equal({});
    expect(missing([many("h100", 18)], [whole, machines("l40s", "48Gi")])).to.deep.equal({ "pool ollama": 2 });
    // The pool without a class takes what those with one leave.
    expect(missing([{ replicas: 16 }, many("h100", 16)], [whole, machines("l40s", "48Gi")])).to.deep.equal({});
    expect(missing([{ replicas: 17 }, many("h100", 16)], [whole, machines("l40s", "48Gi")])).to.deep.equal({ "pool ollama": 1 });
    // Shares are no GPUs.
    expect(missing([{ replicas: 1 }], [shared])).to.deep.equal({ "pool ollama": 1 });
  });

  it("refuses a pool that the machines of its class are too few for, and says what they have", () => {
    const config = on([machines("a100", "40Gi", mig("3g.20gb"), 1)], [{ gpuClass: "a100", replicas: 9 }], {});
    const [problem] = capacityProblems({ ...config, quota: { ...config.quota, gpus: 0 } });
    expect(problem?.field).to.equal("cluster.nodes");
    expect(problem?.value).to.contain("4 × a100 (64 CPU, 512Gi, 2 nvidia.com/mig-3g.20gb of class a100): no place for 1 of 9 pods of pool ollama");
    expect(problem?.fix).to.equal("set serving.pools[0].replicas to 8, or set cluster.nodes[0].count to 5");
  });

  it("shows each further resource: what takes it, of the quota and of the machines", () => {
    const table = capacityTable(capacityPlan(on([whole, cut], [{ gpuClass: "a100", replicas: 4, previewReplicas: 2 }])));
    expect(table).to.match(/^ {2}nvidia\.com\/mig-1g\.10gb: 7 of 7 \(pool ollama 7\)$/m);
    expect(table).to.match(/^ {2}nvidia\.com\/mig-1g\.10gb: 7 of 112$/m);
    expect(Math.max(...table.split("\n").map((line) => line.length))).to.be.lessThan(100);
  });
});

describe("shared GPUs are refused", () => {
  const fields = (config: StackConfig) => sharing(config).map(({ field }) => field);

  it("not at all where all is well", () => {
    expect(sharing(on([whole, cut, shared], [{ gpuClass: "a100" }, { gpuClass: "h100" }]))).to.deep.equal([]);
  });

  it("where machines of one class share them differently", () => {
    const config = on([whole, { ...machines("h100", "80Gi", slices()), name: "other" }], [{ gpuClass: "h100" }]);
    expect(sharing(config)[0]).to.deep.include({ field: "cluster.nodes[1].gpu.class" });
    expect(sharing(config)[0]?.fix).to.equal("give the machines other a class of their own, for example h100-shared");
  });

  it("where the operator would need two strategies of MIG", () => {
    expect(fields(on([cut, machines("a30", "24Gi", mig("1g.6gb", "single"))], [{ gpuClass: "a100" }]))).to.deep.equal([
      "cluster.nodes[1].gpu.sharing.strategy",
    ]);
  });

  it("where a pod without a class could get an instance for a GPU", () => {
    const nodes = [whole, machines("a30", "24Gi", mig("1g.6gb", "single"))];
    expect(sharing(on(nodes))[0]).to.deep.include({ field: "serving.pools[0].gpuClass", value: undefined });
    expect(fields(on(nodes, [{ gpuClass: "a30" }]))).to.deep.equal([]);
    expect(fields(on(nodes, [{ gpusPerReplica: 0 }]))).to.deep.equal([]);
  });

  it("where a machine is of a group that is not there", () => {
    expect(fields(on([whole], [{}], { nodeLabels: [{ node: "a", group: "gone" }] }))).to.deep.equal(["cluster.nodeLabels[0].group"]);
  });
});
