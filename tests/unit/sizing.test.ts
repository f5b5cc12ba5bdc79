import { expect } from "chai";
import { parseBytes, parseCpu } from "../../stacks/quantities";
import { sizingOf } from "../../stacks/sizing";

const environments = ["development", "staging", "production"] as const;

describe("sizing", () => {
  const guide: readonly (readonly [environment: (typeof environments)[number], gpus: number, memory: string, limit: string])[] = [
    ["development", 4, "32Gi", "64Gi"],
    ["staging", 4, "64Gi", "128Gi"],
    ["production", 8, "128Gi", "256Gi"],
  ];
  for (const [environment, gpus, memory, memoryLimit] of guide) {
    it(`guide gives ${environment} ${gpus} GPUs, ${memory} requested and ${memoryLimit} of limits`, () => {
      expect(sizingOf({ sizing: "guide", environment }).quota.platform).to.include({ gpus, memory, memoryLimit });
    });

    it(`guide gives ${environment} CPU and memory for a server on each GPU, and for as many loaders`, () => {
      const { quota, server, loader } = sizingOf({ sizing: "guide", environment });
      const of = (parse: (text: string) => bigint, a: string, b: string) => BigInt(gpus) * (parse(a) + parse(b));
      expect(parseCpu(quota.platform.cpu) >= of(parseCpu, server.requests.cpu, loader.requests.cpu)).to.equal(true);
      expect(parseBytes(memory) >= BigInt(gpus) * parseBytes(server.requests.memory)).to.equal(true);
      expect(parseBytes(memoryLimit) >= BigInt(gpus) * parseBytes(server.limits.memory)).to.equal(true);
    });
  }

  it("guide has servers of 2 to 4 CPU and 8 to 16 GiB, and 500 GiB of models", () => {
    const { server, modelStorage } = sizingOf({ sizing: "guide", environment: "development" });
    expect([server.requests.cpu, server.requests.memory, server.limits.cpu, server.limits.memory, modelStorage]).to.deep.equal([
      "2",
      "8Gi",
      "4",
      "16Gi",
      "500Gi",
    ]);
  });

  it("guide has two routers for each pool, so that one can go; small has one", () => {
    expect((["guide", "small"] as const).map((sizing) => sizingOf({ sizing, environment: "production" }).routers)).to.deep.equal([2, 1]);
  });

  it("small fits a machine with 2 cores, and is the same in all environments", () => {
    const sizes = environments.map((environment) => sizingOf({ sizing: "small", environment }));
    expect(sizes[0]?.quota.platform).to.include({ cpu: "1600m", memory: "14Gi", gpus: 4 });
    expect(new Set(sizes.map((size) => JSON.stringify(size))).size).to.equal(1);
  });

  for (const sizing of ["guide", "small"] as const) {
    for (const environment of environments) {
      const size = sizingOf({ sizing, environment });

      it(`${sizing} has room in ${environment} for the claim of the models and as many shared volumes as there may be`, () => {
        expect(parseBytes(size.quota.platform.storage) > parseBytes(size.modelStorage)).to.equal(true);
        expect(size.quota.platform.claims).to.be.at.least(1 + 20);
      });

      it(`${sizing} asks in ${environment} for nothing that its own limits refuse`, () => {
        for (const { requests, limits } of [size.server, size.sidecar, size.router, size.loader, size.containers.default]) {
          expect(parseCpu(requests.cpu) <= parseCpu(limits.cpu)).to.equal(true);
          expect(parseCpu(limits.cpu) <= parseCpu(size.containers.max.cpu)).to.equal(true);
          expect(parseBytes(requests.memory) <= parseBytes(limits.memory)).to.equal(true);
          expect(parseBytes(limits.memory) <= parseBytes(size.containers.max.memory)).to.equal(true);
        }
        for (const { memory, memoryLimit } of Object.values(size.quota)) expect(parseBytes(memory) <= parseBytes(memoryLimit)).to.equal(true);
      });

      it(`${sizing} gives ai-infrastructure no GPUs in ${environment}`, () => {
        expect(size.quota.infrastructure.gpus).to.equal(0);
      });
    }
  }
});
