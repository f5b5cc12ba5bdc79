import { expect } from "chai";
import { startCluster, type Cluster } from "../../../tools/cluster";
import { apply, eventually, makeNamespace, read, removeIfThere, restrictedPod, testName } from "../cluster/support";
import type { Deployed } from "../../unit/support/mocks";
import { classKinds, sharedVolumesOf, shareKinds, sharing, storageClassesOf } from "../../unit/support/storage";

interface Bound {
  readonly spec: { readonly volumeName?: string };
  readonly status: { readonly phase: string };
}

/** What the server says to objects that are sent but not kept. */
async function dryRun(cluster: Cluster, made: Deployed): Promise<{ code: number; stderr: string }> {
  const items = made.resources.filter(({ type }) => type.startsWith("kubernetes:")).map(({ inputs }) => inputs);
  expect(items).to.not.be.empty;
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  return cluster.kubectl(["apply", "--server-side", "--dry-run=server", "-f", "-"], { input, allowFailure: true });
}

const projects = ["ai-development", "ai-development-ml", "ai-development-web"];

for (const platform of ["openshift", "kubernetes"] as const) {
  describe(`storage on ${platform}`, function () {
    this.timeout(600_000);
    const name = testName(`storage-${platform}`);
    let cluster: Cluster;
    const start = () => startCluster({ name, platform, flavor: "simulated", nodes: 1 });
    const claim = (namespace: string, claimName: string) => read<Bound>(cluster, "-n", namespace, "persistentvolumeclaim", claimName);
    const volume = (volumeName: string | undefined) => read<Bound>(cluster, "persistentvolume", volumeName ?? "");

    before(async () => {
      cluster = await start();
      for (const project of projects) await makeNamespace(cluster, project);
    });
    after(() => removeIfThere(name));

    for (const classes of classKinds)
      it(`of ${classes.kind}: classes and their snapshot classes are accepted without a warning`, async () => {
        expect(await dryRun(cluster, await storageClassesOf(classes, true, platform))).to.include({ code: 0, stderr: "" });
      });

    for (const share of shareKinds)
      it(`shared by ${share.kind}: volumes and claims of all projects are accepted without a warning`, async () => {
        const made = await sharedVolumesOf(sharing(share, { platform }), "system_u:object_r:container_file_t:s0");
        expect(await dryRun(cluster, made)).to.include({ code: 0, stderr: "" });
      });

    it("of simulated nodes: claims of the stack's classes and of the default class bind once a pod uses them", async () => {
      const classes = (await storageClassesOf({ kind: "odf" }, false, platform)).all("StorageClass").map(({ inputs }) => inputs);
      const [namespace = ""] = projects;
      const wanted = [
        { name: "models", accessMode: "ReadWriteMany", storageClassName: "ai-model-storage", storage: "500Gi" },
        { name: "database", accessMode: "ReadWriteOnce", storageClassName: "ai-fast-ssd", storage: "100Gi" },
        { name: "other", accessMode: "ReadWriteOnce", storage: "1Gi" },
      ];
      const claims = wanted.map(({ name: claimName, accessMode, storage, storageClassName }) => ({
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: claimName, namespace },
        spec: { accessModes: [accessMode], resources: { requests: { storage } }, ...(storageClassName === undefined ? {} : { storageClassName }) },
      }));
      const volumes = wanted.map(({ name: claimName }) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
      const pod = restrictedPod(namespace, "user", "any", { pod: { volumes } });
      expect(await apply(cluster, ...classes, ...claims, pod)).to.include({ code: 0, stderr: "" });
      await eventually("all claims are bound", async () =>
        (await Promise.all(wanted.map((each) => claim(namespace, each.name)))).every((each) => each.status.phase === "Bound"),
      );
    });

    it("kept without its claim is taken by a claim of the same name once it is told to wait for it, as docs/storage.md says", async () => {
      const [namespace = ""] = projects;
      const before = (await claim(namespace, "database")).spec.volumeName ?? "";
      await cluster.kubectl(["-n", namespace, "delete", "pod/user", "--wait=true"]);
      await cluster.kubectl(["-n", namespace, "delete", "persistentvolumeclaim/database", "--wait=true"]);
      await eventually("the volume is released", async () => (await volume(before)).status.phase === "Released");
      const forget = ["uid", "resourceVersion"].map((field) => ({ op: "remove", path: `/spec/claimRef/${field}` }));
      await cluster.kubectl(["patch", "persistentvolume", before, "--type=json", "-p", JSON.stringify(forget)]);
      const spec = { accessModes: ["ReadWriteOnce"], storageClassName: "ai-fast-ssd", resources: { requests: { storage: "100Gi" } } };
      await apply(cluster, { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "database", namespace }, spec });
      await eventually("the claim is bound", async () => (await claim(namespace, "database")).status.phase === "Bound");
      expect((await claim(namespace, "database")).spec.volumeName).to.equal(before);
    });

    it("of simulated nodes: a volume whose claim is gone is free after the next start, one with a claim is not", async () => {
      const [namespace = ""] = projects;
      const [kept, dropped] = await Promise.all(["models", "database"].map((each) => claim(namespace, each)));
      await cluster.kubectl(["-n", namespace, "delete", "persistentvolumeclaim/database", "--wait=true"]);
      await eventually("the volume is released", async () => (await volume(dropped?.spec.volumeName)).status.phase === "Released");
      await start();
      await eventually("the volume is free", async () => (await volume(dropped?.spec.volumeName)).status.phase === "Available");
      expect((await volume(kept?.spec.volumeName)).status.phase).to.equal("Bound");
    });
  });
}
