import { expect } from "chai";
import { parse } from "yaml";
import { Foundation } from "../../components/foundation/foundation";
import { GpuSharing } from "../../components/gpu/gpuSharing";
import { clusterPolicySettings, labelledNodes, operatorLabels, pluginConfigs, sharingWarnings, tellsOperator } from "../../stacks/gpuSharing";
import type { StackConfig } from "../../stacks/schema";
import { context } from "./support/context";
import { deploy } from "./support/mocks";
import { machines } from "./support/servingPlan";
import { stack, type Fields } from "./support/stack";

const whole = machines("h100", "80Gi");
const cut = machines("a100", "80Gi", { kind: "mig", strategy: "mixed", profile: "1g.10gb" });
const shared = machines("t4", "16Gi", { kind: "timeSlicing", replicas: 4 });
const on = (nodes: readonly Fields[], cluster: Fields = {}): StackConfig =>
  stack({
    cluster: {
      nodes,
      capabilities: { gpuOperator: true },
      nodeLabels: [
        { node: "gpu-1", group: "h100" },
        { node: "gpu-2", group: "a100", labels: { rack: "7" } },
        { node: "gpu-3", group: "t4" },
        { node: "cpu-1", labels: { rack: "8" } },
      ],
      ...cluster,
    },
  });
const all = on([whole, cut, shared]);

describe("sharing of GPUs", () => {
  it("is told to the operator where it is there, this stack manages the cluster, and some GPUs are shared", () => {
    expect(tellsOperator(all)).to.equal(true);
    expect(tellsOperator(on([whole]))).to.equal(false);
    expect(tellsOperator(on([cut], { capabilities: {} }))).to.equal(false);
    expect(tellsOperator(on([cut], { manage: false }))).to.equal(false);
    expect(tellsOperator(on([{ ...cut, gpus: 0 }]))).to.equal(false);
  });

  it("has a configuration of the device plugin for each group, and one for all other machines", () => {
    const configs = Object.fromEntries(Object.entries(pluginConfigs(all)).map(([key, text]) => [key, parse(text) as unknown]));
    expect(configs).to.deep.equal({
      default: { version: "v1", flags: { migStrategy: "none" } },
      h100: { version: "v1", flags: { migStrategy: "none" } },
      a100: { version: "v1", flags: { migStrategy: "mixed" } },
      t4: {
        version: "v1",
        flags: { migStrategy: "none" },
        sharing: { timeSlicing: { renameByDefault: true, failRequestsGreaterThanOne: true, resources: [{ name: "nvidia.com/gpu", replicas: 4 }] } },
      },
    });
  });

  it("labels machines with their class, and for NVIDIA's programs with their group and their cut", () => {
    expect(labelledNodes(all)).to.deep.equal([
      { node: "gpu-1", labels: { "gpu.nvidia.com/class": "h100" } },
      { node: "gpu-2", labels: { "gpu.nvidia.com/class": "a100", rack: "7" } },
      { node: "gpu-3", labels: { "gpu.nvidia.com/class": "t4" } },
      { node: "cpu-1", labels: { rack: "8" } },
    ]);
    expect(operatorLabels(all)).to.deep.equal([
      { node: "gpu-1", labels: { "nvidia.com/device-plugin.config": "h100" } },
      { node: "gpu-2", labels: { "nvidia.com/device-plugin.config": "a100", "nvidia.com/mig.config": "all-1g.10gb" } },
      { node: "gpu-3", labels: { "nvidia.com/device-plugin.config": "t4" } },
    ]);
  });

  it("says what must stand in the ClusterPolicy", () => {
    const devicePlugin = { config: { name: "ai-gpu-sharing", default: "default" } };
    expect(clusterPolicySettings(all)).to.deep.equal({ devicePlugin, mig: { strategy: "mixed" } });
    expect(clusterPolicySettings(on([shared]))).to.deep.equal({ devicePlugin });
  });

  it("warns of time-slicing, which isolates nothing, and of nothing else", () => {
    expect(sharingWarnings(all)).to.have.length(1);
    expect(sharingWarnings(all)[0]).to.match(/^cluster\.nodes, t4: 4 pods share each GPU by time-slicing, without isolation/);
    expect(sharingWarnings(on([whole, cut]))).to.deep.equal([]);
  });

  for (const [platform, namespace] of [
    ["openshift", "nvidia-gpu-operator"],
    ["kubernetes", "gpu-operator"],
  ] as const) {
    it(`makes one ConfigMap in the operator's namespace and the labels of the machines on ${platform}, nothing of the operator's own`, async () => {
      const made = await deploy((opts) => new GpuSharing("gpu-sharing", { context: context(platform), cluster: all.cluster }, opts));
      expect(made.counts()).to.deep.equal({ GpuSharing: 1, ConfigMap: 1, NodeLabels: 1, Node: 3, NodePatch: 3 });
      expect(made.one("ConfigMap").inputs).to.deep.include({ data: pluginConfigs(all) });
      expect(made.one("ConfigMap").inputs.metadata).to.include({ name: "ai-gpu-sharing", namespace });
    });
  }

  it("goes into the namespace that the site names, and replaces the labels that the operator set itself", async () => {
    const { cluster } = on([cut], { gpuOperatorNamespace: "nvidia", nodeLabels: [{ node: "gpu-2", group: "a100" }] });
    const retained = { retainOnDelete: true };
    const made = await deploy((opts) => new GpuSharing("gpu-sharing", { context: { ...context(), retained }, cluster }, opts));
    expect(made.one("ConfigMap").inputs.metadata).to.include({ namespace: "nvidia" });
    // The provider that refuses conflicts is for labels that are people's.
    expect(made.one("NodePatch").options.provider).to.equal(undefined);
  });

  it("leaves the class to the labels of the ground, which needs no operator", async () => {
    const config = on([whole, cut], { capabilities: {} });
    const made = await deploy((opts) => new Foundation("foundation", { context: context(), config, registryCredentials: undefined }, opts));
    expect(made.all("NodePatch").map(({ inputs }) => inputs.metadata)).to.deep.equal([
      { name: "gpu-1", labels: { "gpu.nvidia.com/class": "h100" } },
      { name: "gpu-2", labels: { "gpu.nvidia.com/class": "a100", rack: "7" } },
      { name: "cpu-1", labels: { rack: "8" } },
    ]);
  });
});
