/** What the stack tells NVIDIA's programs about GPUs, read by their own code: the device plugin's configuration types, and MIG Parted's default configuration. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { allocatableOf, resourceOf } from "../../../stacks/gpu";
import { migLabel, operatorLabels, pluginConfigs } from "../../../stacks/gpuSharing";
import type { StackConfig } from "../../../stacks/schema";
import { migGpus } from "../../../stacks/serving/mig";
import { exec } from "../../../tools/lib/exec";
import { ensurePrograms, moduleDir } from "../../../tools/toolchain";
import { machines } from "../../unit/support/servingPlan";
import { stack, type Fields } from "../../unit/support/stack";

interface Read {
  readonly error?: string;
  readonly migStrategy?: string;
  readonly strategy?: string;
  readonly failRequestsGreaterThanOne?: boolean;
  readonly resources?: readonly { readonly name: string; readonly rename?: string; readonly replicas: number }[];
}

const on = (nodes: readonly Fields[]): StackConfig =>
  stack({ cluster: { nodes, nodeLabels: nodes.map(({ name }, i) => ({ node: `gpu-${i}`, group: name })) } });

describe("NVIDIA's device plugin", function () {
  this.timeout(300_000);
  let program: string;
  before(async () => {
    program = (await ensurePrograms(["gpu-config"]))["gpu-config"].path("gpu-config");
  });
  const read = async (configs: Readonly<Record<string, string>>) =>
    JSON.parse((await exec(program, [], { input: JSON.stringify(configs) })).stdout) as Readonly<Record<string, Read>>;

  it("reads what the stack writes for each group: sharing under another name, and the strategy of MIG", async () => {
    const config = on([
      machines("h100", "80Gi"),
      machines("a100", "80Gi", { kind: "mig", strategy: "mixed", profile: "1g.10gb" }),
      machines("t4", "16Gi", { kind: "timeSlicing", replicas: 4 }),
    ]);
    const found = await read(pluginConfigs(config));
    expect(Object.keys(found).sort()).to.deep.equal(["a100", "default", "h100", "t4"]);
    for (const key of ["default", "h100"]) expect(found[key]).to.deep.equal({ migStrategy: "none", strategy: "none" });
    expect(found.a100).to.deep.equal({ migStrategy: "mixed", strategy: "none" });
    const { resources = [], ...t4 } = found.t4 ?? {};
    expect(t4).to.deep.equal({ migStrategy: "none", strategy: "time-slicing", failRequestsGreaterThanOne: true });
    const [group] = config.cluster.nodes.filter(({ name }) => name === "t4");
    expect(resources.map(({ name, rename, replicas }) => ({ name, rename, replicas }))).to.deep.equal([
      { name: "nvidia.com/gpu", rename: group?.gpu && resourceOf(group.gpu), replicas: group && allocatableOf(group) / group.gpus },
    ]);
  });

  it("refuses what it would misread: fields that it does not know, another version, sharing without resources", async () => {
    const good = pluginConfigs(on([machines("t4", "16Gi", { kind: "timeSlicing", replicas: 4 })])).t4 ?? "";
    const found = await read({
      good,
      field: good.replace("migStrategy", "migStrategi"),
      version: good.replace("version: v1", "version: v9"),
      sharing: "version: v1\nsharing:\n  timeSlicing:\n    renameByDefault: true\n",
    });
    expect(found.good?.error).to.equal(undefined);
    expect(found.field?.error).to.contain("migStrategi");
    expect(found.version?.error).to.contain("v9");
    expect(found.sharing?.error).to.contain("no resources specified");
  });
});

interface MigConfigs {
  readonly "mig-configs": Readonly<Record<string, readonly { readonly "device-filter"?: unknown; readonly "mig-devices": Readonly<Record<string, number>> }[]>>;
}

describe("NVIDIA's MIG manager", function () {
  this.timeout(120_000);
  let configs: MigConfigs["mig-configs"];
  before(async () => {
    const dir = await moduleDir("gpu-config", "github.com/NVIDIA/mig-parted");
    configs = (parse(readFileSync(join(dir, "deployments/systemd/config-default.yaml"), "utf8")) as MigConfigs)["mig-configs"];
  });

  for (const { products, gigabytes, profiles } of migGpus) {
    for (const profile of Object.keys(profiles)) {
      it(`knows the label's configuration and makes the planned number of instances: ${products.join(", ")} of ${gigabytes} GB, ${profile}`, () => {
        const group = machines("x", `${Math.round((gigabytes * 1e9) / 2 ** 30)}Gi`, { kind: "mig", strategy: "mixed", profile }, 1);
        const config = on([{ ...group, gpu: { ...(group.gpu as Fields), product: products[0] } }]);
        const [labelled] = operatorLabels(config);
        const found = configs[labelled?.labels[migLabel] ?? ""];
        expect(found, labelled?.labels[migLabel]).to.not.equal(undefined);
        const counts = new Set(found?.map((one) => one["mig-devices"][profile]));
        const [planned] = config.cluster.nodes.map(allocatableOf);
        expect([...counts]).to.include(planned);
        // 1g.10gb is the only one of which different GPUs have different numbers.
        if (profile !== "1g.10gb") expect(counts.size).to.equal(1);
      });
    }
  }
});
