import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addonCapabilities, addonNames, addonImages, describeAddons, isAddon, withNeeds, type AddonName } from "../../tools/cluster/addons/optional";
import { checkedRecord } from "../../tools/cluster/start";
import type { ClusterOptions } from "../../tools/cluster";
import { readImagesLock } from "../../images/ensure";
import { recipes } from "../../images/recipes";

describe("the optional add-ons of an embedded cluster", () => {
  it("are known by name, and described", () => {
    for (const name of addonNames) {
      expect(isAddon(name)).to.equal(true);
      expect(describeAddons()).to.include(`${name} (`);
    }
    for (const name of ["", "istio", "Monitoring", "constructor"]) expect(isAddon(name)).to.equal(false);
  });

  it("come with all that they need, each once, what is needed first", () => {
    const needs: Readonly<Record<string, readonly AddonName[]>> = { c: ["b" as AddonName], b: ["monitoring"] };
    const of = (...names: string[]) => withNeeds(names as AddonName[], (name) => needs[name] ?? []);
    expect(of("c")).to.deep.equal(["monitoring", "b", "c"]);
    expect(of("monitoring", "c", "b")).to.deep.equal(["monitoring", "b", "c"]);
    expect(of()).to.deep.equal([]);
  });

  it("have images that are pinned and can be made from packages", () => {
    const lock = readImagesLock();
    for (const name of addonNames.flatMap(addonImages)) {
      expect(Object.keys(lock), name).to.include(name);
      expect(Object.keys(recipes), name).to.include(name);
    }
  });

  it("give the stacks on a cluster capabilities, and none where there are none", () => {
    expect(addonCapabilities([], "real")).to.deep.equal({});
    for (const flavor of ["real", "simulated"] as const) expect(addonCapabilities(["monitoring"], flavor)).to.deep.equal({ monitoring: true });
  });
});

describe("the record of a cluster", () => {
  const dir = mkdtempSync(join(tmpdir(), "oap-addons-"));
  after(() => rmSync(dir, { recursive: true }));
  const options: ClusterOptions = { name: "test", platform: "kubernetes", flavor: "simulated" };
  let folders = 0;
  /** @param addons that a cluster has; undefined: there is none yet */
  const addonsAfter = (addons: readonly string[] | undefined, wanted: readonly AddonName[] | undefined) => {
    const folder = join(dir, String(++folders));
    if (addons !== undefined) {
      mkdirSync(folder);
      writeFileSync(join(folder, "cluster.json"), JSON.stringify({ ...options, id: "12345678", gpus: 1, nodes: 1, addons, programs: {}, versions: {} }));
    }
    return checkedRecord(folder, wanted === undefined ? options : { ...options, addons: wanted }).addons;
  };

  it("has no add-ons unless they are asked for", () => {
    expect(addonsAfter(undefined, undefined)).to.deep.equal([]);
    expect(addonsAfter(undefined, ["monitoring"])).to.deep.equal(["monitoring"]);
  });

  it("keeps those that it has, and gets others added", () => {
    expect(addonsAfter(["monitoring"], undefined)).to.deep.equal(["monitoring"]);
    expect(addonsAfter(["monitoring"], ["monitoring"])).to.deep.equal(["monitoring"]);
    expect(addonsAfter([], ["monitoring"])).to.deep.equal(["monitoring"]);
  });

  it("forgets those that are not known any more", () => {
    expect(addonsAfter(["monitoring", "gone"], undefined)).to.deep.equal(["monitoring"]);
  });
});
