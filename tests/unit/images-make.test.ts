import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { keyOf, makeImage, recipeOf } from "../../images/make";
import type { Recipe } from "../../images/recipe";
import { UserError } from "../../tools/lib/errors";

const image = { image: "localhost/test/app", tag: "1.0.0" };

describe("making an image", () => {
  let directory: string;
  let collected: number;
  const recipe: Recipe = {
    inputs: ["images/recipe.ts"],
    collect(_, work) {
      collected++;
      writeFileSync(join(work, "app"), "app");
      return Promise.resolve({ layers: [{ files: { "/app": { source: join(work, "app") } } }] });
    },
  };
  const make = () => makeImage("app", image, { recipe, directory });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "oap-make-"));
    collected = 0;
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("happens once: the second time it comes from the cache, with the same digest", async () => {
    const first = await make();
    expect(await make()).to.deep.equal(first);
    expect(collected).to.equal(1);
    expect(readdirSync(directory).sort()).to.deep.equal([`app-${first.key}.tar`, `app-${first.key}.tar.json`]);
  });

  it("happens once when two ask at the same time", async () => {
    const [one, two] = await Promise.all([make(), make()]);
    expect(one).to.deep.equal(two);
    expect(collected).to.equal(1);
  });

  const damages: Record<string, (archive: string) => void> = {
    "has another byte": (archive) => {
      const bytes = readFileSync(archive);
      bytes.writeUInt8(bytes.readUInt8(700) ^ 1, 700);
      writeFileSync(archive, bytes);
    },
    "is shorter": (archive) => truncateSync(archive, 1000),
    "has no record": (archive) => rmSync(`${archive}.json`),
    "has half a record": (archive) => writeFileSync(`${archive}.json`, '{"digest":"sha'),
  };
  for (const [what, damage] of Object.entries(damages)) {
    it(`happens again when the cached archive ${what}, with the same digest`, async () => {
      const first = await make();
      const bytes = readFileSync(first.archive);
      damage(first.archive);
      expect(await make()).to.deep.equal(first);
      expect(collected).to.equal(2);
      expect(readFileSync(first.archive).equals(bytes)).to.equal(true);
    });
  }

  it("removes what a killed run left", async () => {
    const { archive } = await make();
    rmSync(`${archive}.json`);
    mkdirSync(`${archive}.Xy12ab`);
    writeFileSync(join(`${archive}.Xy12ab`, "image.tar"), "half");
    await make();
    expect(readdirSync(directory)).to.have.length(2);
  });

  it("that fails leaves nothing in the cache", async () => {
    const failing: Recipe = { inputs: [], collect: () => Promise.reject(new Error("no packages")) };
    const error: unknown = await makeImage("app", image, { recipe: failing, directory }).catch((e: unknown) => e);
    expect(error).to.be.an("error").with.property("message", "no packages");
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it("has a key that changes with the reference and the inputs, and with nothing else", () => {
    const key = keyOf("app", image, recipe);
    expect(keyOf("app", { ...image }, { ...recipe })).to.equal(key);
    expect(keyOf("app", { ...image, tag: "1.0.1" }, recipe)).not.to.equal(key);
    expect(keyOf("app", image, { ...recipe, inputs: ["images/tar.ts"] })).not.to.equal(key);
  });

  it("of a name without a recipe says what to add", () => {
    expect(() => recipeOf("mysql"))
      .to.throw(UserError, "image mysql: there is no recipe")
      .with.property("fix")
      .that.contains("images/recipes/mysql.ts");
  });
});
