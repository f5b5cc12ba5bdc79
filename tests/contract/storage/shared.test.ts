import { expect } from "chai";
import type { Cluster } from "../../../tools/cluster";
import { eventually, read } from "../cluster/support";
import { programFolder, type Home, type ProgramFolder } from "../foundation/support";
import { standIns, testCluster } from "../plugins/support";

/** Classes, shared volumes of two projects and labels of a node, made as index.ts makes them. */
const program = `
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ownerOf } from "./components/common/labels";
import { profileOf } from "./components/common/platform";
import { NodeLabels } from "./components/foundation/nodeLabels";
import { SharedVolumes } from "./components/foundation/sharedVolumes";
import { StorageClasses } from "./components/foundation/storageClasses";

const connection = { kubeconfig: process.env.OAP_EMBEDDED_KUBECONFIG, clusterIdentifier: "test" };
const retaining = new k8s.Provider("cluster", { ...connection, upsertExistingObjects: true, enablePatchForce: false });
const provider = new k8s.Provider("objects", { ...connection, enablePatchForce: true });
const owner = ownerOf(pulumi.getProject(), pulumi.getStack());
const context = { profile: profileOf("kubernetes"), owner, site: { gpuResource: "nvidia.com/gpu", trustedCA: false }, retained: { provider: retaining, retainOnDelete: true } };
const projects = ["platform", "ml"].map((key) => ({ key, namespace: process.env.SPACE + "-" + key }));
const volumes = [{ name: "datasets", size: process.env.SIZE ?? "10Gi", writer: "ml" }];
const share = { kind: "nfs", server: "nfs.example.com", path: process.env.SHARE ?? "/export/ai" };
const namespaces = new Map(projects.map(({ key, namespace }) => [key, pulumi.output(namespace)]));
const kinds = { odf: { kind: "odf", namespace: "openshift-storage", pool: "pool", fileSystem: "files" }, local: { kind: "local", provisioner: "rancher.io/local-path" } };
new StorageClasses("storage-classes", { context, classes: kinds[process.env.CLASSES ?? "odf"], snapshots: true } as any, { provider });
new SharedVolumes("shared-volumes", { context, share, volumes, projects, namespaces } as any, { provider });
const labels = { "example.com/pool": process.env.POOL ?? "ai", ...(process.env.MORE ? { "example.com/more": process.env.MORE } : {}) };
new NodeLabels("node-labels", { context, nodes: [{ node: process.env.NODE ?? "node1", labels }] }, { provider });
`;

interface KubeObject {
  readonly metadata: {
    readonly uid: string;
    readonly labels: Readonly<Record<string, string | undefined>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly volumeName?: string; readonly mountOptions?: readonly string[]; readonly nfs?: { readonly path: string } };
  readonly status: { readonly phase: string };
}

describe("storage classes, shared volumes and labels of nodes, through the CLI", function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let home: Home;
  let folder: ProgramFolder;
  const space = `shared-${process.pid}`;
  const [writer, reader] = [`${space}-ml`, `${space}-platform`];

  const pulumi = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => folder.pulumi("one", args, { SPACE: space, ...env });
  const ok = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> => {
    const { code, stdout, stderr } = await pulumi(args, env);
    expect(code, stdout + stderr).to.equal(0);
    return stdout;
  };
  const refused = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> => {
    const { code, stdout, stderr } = await pulumi(args, env);
    expect(code, stdout).not.to.equal(0);
    return stdout + stderr;
  };
  const claim = (namespace: string) => read<KubeObject>(cluster, "-n", namespace, "persistentvolumeclaim", "datasets");
  const volume = (namespace: string) => read<KubeObject>(cluster, "persistentvolume", `${namespace}.datasets`);
  const node = (name: string) => cluster.kubectl(["get", "node", name, "-o", "json"], { allowFailure: true });
  const labels = async () => (JSON.parse((await node("node1")).stdout) as KubeObject).metadata.labels;

  before(async function prepare() {
    this.timeout(600_000);
    [cluster, home] = await Promise.all([testCluster(), standIns()]);
    folder = await programFolder(cluster, home, ["one"], program);
    for (const namespace of [writer, reader]) await cluster.kubectl(["create", "namespace", namespace]);
  });
  after(async () => {
    await pulumi(["destroy", "--yes"]);
    folder.remove();
    home.remove();
    await cluster.kubectl(["delete", "namespace", writer, reader, "--ignore-not-found", "--wait=false"]);
    await cluster.kubectl(["delete", "persistentvolume", `${writer}.datasets`, `${reader}.datasets`, "--ignore-not-found", "--wait=false"]);
    await cluster.kubectl(["label", "node", "node1", "example.com/pool-", "example.com/more-"]);
  });

  it("bind each project's claim to its own volume of the same folder, read-only for the reader", async () => {
    await ok(["up", "--yes"]);
    for (const namespace of [writer, reader]) {
      expect(await claim(namespace)).to.deep.nested.include({ "status.phase": "Bound", "spec.volumeName": `${namespace}.datasets` });
      expect((await volume(namespace)).spec.nfs?.path).to.equal("/export/ai/datasets");
    }
    expect((await volume(writer)).spec.mountOptions).to.equal(undefined);
    expect((await volume(reader)).spec.mountOptions).to.deep.equal(["ro"]);
  });

  it("label the named node and leave its other labels", async () => {
    expect(await labels()).to.include({ "example.com/pool": "ai", type: "kwok" });
  });

  it("are unchanged by the next `up`, also after what the cluster wrote into them", async () => {
    await ok(["preview", "--expect-no-changes"]);
    await ok(["up", "--yes", "--refresh", "--expect-no-changes"]);
  });

  it("make classes anew for another driver, and snapshot classes go where it has none", async () => {
    await ok(["up", "--yes"], { CLASSES: "local" });
    const provisioner = async () => (await cluster.kubectl(["get", "storageclass", "ai-fast-ssd", "-o", "jsonpath={.provisioner}"])).stdout;
    const snapshotClasses = async () => (await cluster.kubectl(["get", "volumesnapshotclass", "-o", "name"])).stdout.trim().split("\n").filter(Boolean);
    expect([await provisioner(), await snapshotClasses()]).to.deep.equal(["rancher.io/local-path", []]);
    await ok(["preview", "--expect-no-changes"], { CLASSES: "local" });
    await ok(["up", "--yes"]);
    expect([await provisioner(), (await snapshotClasses()).length]).to.deep.equal(["openshift-storage.rbd.csi.ceph.com", 2]);
  });

  it("add and take back labels one by one, in place", async () => {
    expect(await ok(["up", "--yes"], { MORE: "yes" })).to.match(/~ 1 updated/);
    expect(await labels()).to.include({ "example.com/pool": "ai", "example.com/more": "yes" });
    await ok(["up", "--yes"]);
    expect(await labels())
      .to.include({ "example.com/pool": "ai" })
      .and.not.have.property("example.com/more");
  });

  it("refuse a label that somebody else set to another value, and a node that is not there, which nothing makes", async () => {
    await cluster.kubectl(["label", "node", "node1", "example.com/more=theirs"]);
    expect(await refused(["up", "--yes"], { MORE: "ours" }))
      .to.include("conflict")
      .and.include("example.com/more");
    expect(await labels()).to.include({ "example.com/more": "theirs" });
    expect(await refused(["up", "--yes"], { NODE: "nowhere" })).to.include("nowhere");
    expect((await node("nowhere")).code).not.to.equal(0);
  });

  it("refuse another share and another size", async () => {
    const before = [await volume(writer), await claim(writer)].map(({ metadata }) => metadata.uid);
    expect(await refused(["preview"], { SHARE: "/export/other" })).to.match(/datasets[\s\S]*immutable/);
    expect(await refused(["up", "--yes"], { SIZE: "20Gi" })).to.match(/datasets[\s\S]*only dynamically provisioned pvc can be resized/i);
    expect([await volume(writer), await claim(writer)].map(({ metadata }) => metadata.uid)).to.deep.equal(before);
  });

  it("stay when the stack is destroyed, without the labels of the node; the next `up` takes the same objects over", async () => {
    const before = [await volume(reader), await claim(reader)].map(({ metadata }) => metadata.uid);
    await ok(["destroy", "--yes"]);
    expect(await labels())
      .to.include({ type: "kwok" })
      .and.not.have.property("example.com/pool");
    expect((await claim(reader)).status.phase).to.equal("Bound");
    await ok(["up", "--yes"]);
    expect([await volume(reader), await claim(reader)].map(({ metadata }) => metadata.uid)).to.deep.equal(before);
  });

  it("whose claim was deleted by hand are made anew after `kubectl delete persistentvolume`", async () => {
    const before = (await volume(reader)).metadata.uid;
    await cluster.kubectl(["-n", reader, "delete", "persistentvolumeclaim/datasets"]);
    await eventually("the volume is released", async () => (await volume(reader)).status.phase === "Released");
    await cluster.kubectl(["delete", "persistentvolume", `${reader}.datasets`]);
    await ok(["up", "--yes", "--refresh"]);
    expect((await claim(reader)).status.phase).to.equal("Bound");
    expect((await volume(reader)).metadata.uid).not.to.equal(before);
  });

  it("take another share and size once claim and volume were deleted by hand, as docs/storage.md says", async () => {
    for (const namespace of [writer, reader]) {
      await cluster.kubectl(["-n", namespace, "delete", "persistentvolumeclaim/datasets"]);
      await cluster.kubectl(["delete", "persistentvolume", `${namespace}.datasets`]);
    }
    await ok(["up", "--yes", "--refresh"], { SHARE: "/export/other", SIZE: "20Gi" });
    expect((await claim(writer)).status.phase).to.equal("Bound");
    expect((await volume(writer)).spec.nfs?.path).to.equal("/export/other/datasets");
  });
});
