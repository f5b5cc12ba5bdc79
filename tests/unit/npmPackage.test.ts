/** Packages that only tests need come from npm's registry, pinned by their archive's sum. */
import { expect } from "chai";
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../tools/lib/errors";
import { npmPackage, type NpmPackage } from "../../tools/toolchain/npm";
import { workshop, type Workshop } from "../support/toolchain";

describe("an npm package for a test", () => {
  let shop: Workshop;
  let wanted: NpmPackage;
  beforeEach(() => {
    shop = workshop();
    mkdirSync(join(shop.dir, "package"));
    writeFileSync(join(shop.dir, "package/package.json"), '{ "name": "@scope/small" }');
    execFileSync("tar", ["-czf", join(shop.dir, "small.tgz"), "-C", shop.dir, "package"]);
    const integrity = `sha512-${createHash("sha512")
      .update(readFileSync(join(shop.dir, "small.tgz")))
      .digest("base64")}`;
    wanted = { name: "@scope/small", version: "1.0.0", integrity };
    shop.fake("npm", `echo "$@" >> ${shop.dir}/calls; cp ${shop.dir}/small.tgz scope-small-1.0.0.tgz; echo '[{"filename":"@scope/small-1.0.0.tgz"}]'`);
  });
  afterEach(() => {
    shop.close();
  });
  const calls = () => readFileSync(join(shop.dir, "calls"), "utf8").trim().split("\n");
  const failure = async (run: () => Promise<unknown>): Promise<Error> => run().then(() => expect.fail("nothing was thrown"), (error: Error) => error); // prettier-ignore

  it("is unpacked once, and its scripts do not run", async () => {
    const dir = await npmPackage(wanted, shop.cacheDir);
    expect(readFileSync(join(dir, "package.json"), "utf8")).to.contain("@scope/small");
    expect(await npmPackage(wanted, shop.cacheDir)).to.equal(dir);
    expect(calls()).to.have.length(1);
    expect(calls()[0]).to.contain("pack @scope/small@1.0.0").and.contain("--ignore-scripts");
  });

  it("is refused where its archive is another one, and not kept", async () => {
    const other = { ...wanted, integrity: "sha512-other" };
    expect((await failure(() => npmPackage(other, shop.cacheDir))).message).to.contain(`its archive is ${wanted.integrity}, not sha512-other`);
    await failure(() => npmPackage(other, shop.cacheDir));
    expect(calls()).to.have.length(2);
  });

  it("that can't be had is the user's to know", async () => {
    shop.fake("npm", "echo 'npm error network' >&2; exit 1");
    const error = await failure(() => npmPackage(wanted, shop.cacheDir));
    expect(error).to.be.instanceOf(UserError);
    expect(error.message).to.contain("npm package @scope/small 1.0.0: the download failed");
  });
});
