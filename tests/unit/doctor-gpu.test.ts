import { expect } from "chai";
import { gpuClasses, gpuSharing } from "../../tools/doctor/checks/gpuClasses";
import { gpus, nodes, nodeSelectors } from "../../tools/doctor/checks/nodes";
import { pools, type Fields } from "./support/config";
import { forbidden, lines, list, named, node, run } from "./support/doctor";
import { machines } from "./support/servingPlan";

const mixed = { kind: "mig", strategy: "mixed", profile: "1g.10gb" };
const cut = { ...machines("a100", "80Gi", mixed, 2), count: 1, cpu: "8", memory: "64Gi" };
const sliced = { ...machines("t4", "16Gi", { kind: "timeSlicing", replicas: 4 }, 2), count: 1, cpu: "8", memory: "64Gi" };
const whole = { ...machines("h100", "80Gi", undefined, 4), count: 1, cpu: "8", memory: "64Gi" };

const site = (groups: readonly Fields[], cluster: Fields = {}, pool: Fields = {}): Fields => ({
  cluster: { name: "development", context: "ai", apiServerAddresses: ["198.18.0.2/32"], nodes: groups, ...cluster },
  ...pools(pool),
  quota: { gpus: 0 },
});
const ofClass = (name: string) => ({ "gpu.nvidia.com/class": name });
const nodesAre = (...all: readonly object[]) => ({ "/api/v1/nodes": list(...all) });
const migNode = (labels: Record<string, string> = {}, amount = "14") =>
  node("gpu-1", { labels: { ...ofClass("a100"), ...labels }, allocatable: { "nvidia.com/gpu": "0", "nvidia.com/mig-1g.10gb": amount } });

const mig = site([cut], {}, { gpuClass: "a100" });

describe("doctor: classes of GPUs", () => {
  const problems = async (...args: Parameters<typeof run>) => lines(await run(...args), "problem");

  it("says nothing where no class is declared", async () => {
    expect((await run(gpuClasses)).map(({ status }) => status)).to.deep.equal(["skipped"]);
  });

  it("wants as many usable machines with the label as are declared", async () => {
    expect(lines(await run(gpuClasses, nodesAre(migNode()), mig), "ok")).to.deep.equal(["class a100: gpu-1"]);
    expect((await problems(gpuClasses, nodesAre(node("a")), mig))[0])
      .to.contain("no usable node has gpu.nvidia.com/class=a100")
      .and.contain("kubectl label node NODE");
    const two = site([{ ...cut, count: 2 }], {}, { gpuClass: "a100" });
    expect((await problems(gpuClasses, nodesAre(migNode()), two))[0]).to.contain("1 usable nodes with gpu.nvidia.com/class=a100: gpu-1 | 2,");
  });

  it("counts the labels that the stack will set", async () => {
    const labelled = site([cut], { nodeLabels: [{ node: "gpu-1", group: "a100" }] }, { gpuClass: "a100" });
    const bare = node("gpu-1", { allocatable: { "nvidia.com/gpu": "0", "nvidia.com/mig-1g.10gb": "14" } });
    expect(await problems(gpuClasses, nodesAre(bare), labelled)).to.deep.equal([]);
    expect(await problems(nodeSelectors, nodesAre(bare), labelled)).to.deep.equal([]);
  });

  it("wants the resource in the declared count, and says what is there instead", async () => {
    expect((await problems(gpuClasses, nodesAre(migNode({}, "7")), mig))[0]).to.contain("node gpu-1: 7 nvidia.com/mig-1g.10gb; it has 0 nvidia.com/gpu | 14,");
    const uncut = node("gpu-1", { labels: ofClass("a100"), allocatable: { "nvidia.com/gpu": "2" } });
    expect((await problems(gpuClasses, nodesAre(uncut), mig))[0]).to.contain("0 nvidia.com/mig-1g.10gb; it has 2 nvidia.com/gpu");
  });

  const wrong: readonly (readonly [what: string, key: string, value: string])[] = [
    ["another product", "nvidia.com/gpu.product", "NVIDIA-L4"],
    ["another strategy of MIG", "nvidia.com/mig.strategy", "single"],
    ["another cut", "nvidia.com/mig.config", "all-disabled"],
    ["a cut that failed", "nvidia.com/mig.config.state", "failed"],
    ["time-slicing that nobody declared", "nvidia.com/gpu.sharing-strategy", "time-slicing"],
  ];
  for (const [what, key, value] of wrong) {
    it(`refuses ${what}`, async () => {
      const exact = site([{ ...cut, gpu: { class: "a100", memory: "80Gi", product: "NVIDIA-A100-SXM4-80GB", sharing: mixed } }], {}, { gpuClass: "a100" });
      const good = {
        "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB-MIG-1g.10gb",
        "nvidia.com/gpu.sharing-strategy": "none",
        "nvidia.com/mig.strategy": "mixed",
        "nvidia.com/mig.config": "all-1g.10gb",
        "nvidia.com/mig.config.state": "success",
      };
      expect(await problems(gpuClasses, nodesAre(migNode(good)), exact)).to.deep.equal([]);
      const found = await problems(gpuClasses, nodesAre(migNode({ ...good, [key]: value })), exact);
      expect(found).to.have.length(1);
      expect(found[0]).to.contain(`node gpu-1: ${key}=${value}`);
    });
  }

  it("refuses other numbers of shares", async () => {
    const labels = { ...ofClass("t4"), "nvidia.com/gpu.sharing-strategy": "time-slicing", "nvidia.com/gpu.replicas": "2" };
    const shares = node("gpu-1", { labels, allocatable: { "nvidia.com/gpu": "0", "nvidia.com/gpu.shared": "4" } });
    const found = await problems(gpuClasses, nodesAre(shares), site([sliced], {}, { gpuClass: "t4" }));
    expect(found.join("\n")).to.contain("4 nvidia.com/gpu.shared").and.contain("nvidia.com/gpu.replicas=2 | 4,");
  });

  it("counts each resource of its own against what pools want and what is declared", async () => {
    const both = {
      ...site([cut, whole]),
      ...pools({ gpuClass: "a100", replicas: 2 }, { name: "other", gpuClass: "h100", replicas: 4 }),
      quota: { gpus: 4, cpu: "4" },
      storage: { models: { accessMode: "ReadWriteMany" } },
    };
    const h100 = node("gpu-2", { labels: ofClass("h100") });
    expect(lines(await run(gpus, nodesAre(migNode(), h100), both), "ok")).to.deep.equal([
      "14 nvidia.com/mig-1g.10gb, 2 wanted at the largest scale",
      "4 nvidia.com/gpu, 4 wanted at the largest scale",
    ]);
    expect((await problems(gpus, nodesAre(migNode({}, "1"), h100), both))[0]).to.contain("1 nvidia.com/mig-1g.10gb on usable nodes | 2:");
    expect(await problems(nodes, nodesAre(migNode(), h100), both)).to.deep.equal([]);
    expect((await problems(nodes, nodesAre(migNode({}, "7"), h100), both))[0]).to.contain("nvidia.com/mig-1g.10gb 14 of 7");
  });

  it("wants a node of the class for each pool", async () => {
    expect((await problems(nodeSelectors, nodesAre(node("a")), mig))[0]).to.contain(
      "no usable node has gpu.nvidia.com/class=a100 and 1 nvidia.com/mig-1g.10gb",
    );
    expect(await problems(nodeSelectors, nodesAre(migNode()), mig)).to.deep.equal([]);
  });
});

describe("doctor: sharing of GPUs", () => {
  const policies = "/apis/nvidia.com/v1/clusterpolicies";
  const claimed = site([cut], { capabilities: { gpuOperator: true } }, { gpuClass: "a100" });
  const namespace = { "/api/v1/namespaces/nvidia-gpu-operator": named("nvidia-gpu-operator") };
  const policy = (spec: object) => ({ [policies]: list(named("gpu-cluster-policy", {}, { spec })), ...namespace });
  const good = { devicePlugin: { config: { name: "ai-gpu-sharing" } }, mig: { strategy: "mixed" } };

  it("asks nothing where GPUs are whole, or nobody claims the operator", async () => {
    for (const fields of [{}, mig]) expect((await run(gpuSharing, {}, fields)).map(({ status }) => status)).to.deep.equal(["skipped"]);
  });

  it("wants a ClusterPolicy that names the ConfigMap and the strategy, and gives the command", async () => {
    expect(lines(await run(gpuSharing, policy(good), claimed), "ok")[0]).to.equal("ClusterPolicy gpu-cluster-policy reads ConfigMap ai-gpu-sharing");
    const found = lines(await run(gpuSharing, policy({ mig: { strategy: "single" } }), claimed), "problem");
    expect(found.map((line) => line.split(" | ")[0])).to.deep.equal([
      "ClusterPolicy gpu-cluster-policy: devicePlugin.config.name is not set",
      "ClusterPolicy gpu-cluster-policy: mig.strategy is single",
    ]);
    expect(found[0]).to.contain(
      `kubectl patch clusterpolicy gpu-cluster-policy --type merge -p '{"spec":{"devicePlugin":{"config":{"name":"ai-gpu-sharing","default":"default"}},"mig":{"strategy":"mixed"}}}'`,
    );
  });

  it("leaves the ConfigMap to the stack that manages the cluster", async () => {
    const guest = site([cut], { capabilities: { gpuOperator: true }, manage: false }, { gpuClass: "a100" });
    expect(lines(await run(gpuSharing, policy({ mig: { strategy: "mixed" } }), guest), "problem")).to.deep.equal([]);
  });

  it("names what is missing, and a right that is", async () => {
    expect(lines(await run(gpuSharing, namespace, claimed), "problem")[0]).to.contain("no ClusterPolicy");
    expect(lines(await run(gpuSharing, { [policies]: list(named("p", {}, { spec: good })) }, claimed), "problem")[0]).to.contain(
      "set cluster.gpuOperatorNamespace",
    );
    expect(lines(await run(gpuSharing, { [policies]: forbidden(policies) }, claimed), "warning")[0]).to.contain("no right to list ClusterPolicies");
  });
});
