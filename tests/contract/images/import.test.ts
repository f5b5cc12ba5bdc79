import { join } from "node:path";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { writeImage } from "../../../images/archive";
import { ensureImages } from "../../../images/ensure";
import { parseClusterLock, pinnedReference, type ClusterLock } from "../../../images/lock";
import { startContainerd, type Containerd } from "./containerd";

describe("images in a real containerd", function () {
  this.timeout(600_000);
  let containerd: Containerd;
  before(async () => (containerd = await startContainerd()));
  after(() => containerd.stop());

  /** name → digest, as containerd lists them. */
  const listed = async () => {
    const { stdout } = await containerd.ctr(["images", "ls"]);
    return stdout
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(/\s+/))
      .map(([name, , digest]) => [name, digest] as const);
  };

  it("an archive is imported under the very reference and digest that were written", async () => {
    const reference = "registry.example/team/app:1.2.3";
    const archive = join(containerd.dir, "app.tar");
    const { digest } = await writeImage({ reference, layers: [{ files: { "/app": { text: "app" } } }], cmd: ["/app"] }, archive);
    await containerd.ctr(["images", "import", archive]);
    expect((await listed()).filter(([name]) => name?.startsWith("registry.example/"))).to.deep.equal([[reference, digest]]);
  });

  it("an ensured image is there for a pod that names tag and digest, without a registry, and stays as it is the second time", async () => {
    const ensure = async (): Promise<ClusterLock> => {
      const file = await ensureImages(["tiny-model"], containerd);
      return parseClusterLock(readFileSync(file, "utf8")).images ?? {};
    };
    const first = await ensure();
    const image = first["tiny-model"];
    if (!image) throw new Error("no tiny-model in the cluster's lock");
    expect(image.source).to.equal("made");
    const name = `${image.image}:${image.tag}`;
    const id = await containerd.imageStatus(name);
    expect(id).to.match(/^sha256:/);
    expect(await containerd.imageStatus(pinnedReference(image))).to.equal(id);
    expect(await containerd.imageStatus(`${name}@sha256:${"0".repeat(64)}`)).to.equal(undefined);
    const { stdout } = await containerd.ctr(["images", "ls", `name==${name}`]);
    expect(stdout).to.contain("io.cri-containerd.pinned=pinned");
    const before = await listed();
    expect(await ensure()).to.deep.equal(first);
    expect(await listed()).to.deep.equal(before);
  });
});
