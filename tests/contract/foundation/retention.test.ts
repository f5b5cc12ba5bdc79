import { expect } from "chai";
import type { Cluster } from "../../../tools/cluster";
import { apply } from "../cluster/support";
import { standIns, testCluster } from "../plugins/support";
import { programFolder, type Home, type ProgramFolder } from "./support";

/** One project with a claim and something that goes with the stack, made as index.ts makes them. */
const program = `
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { metadataOf, retainedMetadata } from "./components/common/context";
import { ownerOf } from "./components/common/labels";
import { profileOf } from "./components/common/platform";
import { Project } from "./components/foundation/project";
import { sizingOf } from "./stacks/sizing";

const connection = { kubeconfig: process.env.OAP_EMBEDDED_KUBECONFIG, clusterIdentifier: "test", enableConfigMapMutable: true, enableSecretMutable: true };
const retaining = new k8s.Provider("cluster", { ...connection, upsertExistingObjects: true, enablePatchForce: false });
const provider = new k8s.Provider("objects", { ...connection, enablePatchForce: true });
const owner = ownerOf(pulumi.getProject(), pulumi.getStack());
const context = { profile: profileOf("kubernetes"), owner, site: { gpuResource: "nvidia.com/gpu", trustedCA: false }, retained: { provider: retaining, retainOnDelete: true } };
const sizing = sizingOf({ sizing: "small", environment: "development" });
const name = process.env.SPACE ?? "";
const part = { name: "test", component: "store", instance: "models" };
const project = new Project(name, { context, environment: "development", plan: { key: "platform", namespace: name, kind: "platform", quota: sizing.quota.platform, teams: [] }, containers: sizing.containers }, { provider });
const claim = new k8s.core.v1.PersistentVolumeClaim("models", {
  metadata: retainedMetadata(context, "models", project.namespace, part),
  spec: { accessModes: ["ReadWriteOnce"], storageClassName: process.env.CLASS ?? "", resources: { requests: { storage: "1Gi" } } },
}, { deleteBeforeReplace: true, ...context.retained });
new k8s.core.v1.ConfigMap("settings", { metadata: metadataOf(context, "settings", project.namespace, part), data: { claim: claim.metadata.name } }, { provider });
`;

interface KubeObject {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string; readonly labels: Readonly<Record<string, string>> };
}

describe("what outlives a stack", function () {
  this.timeout(600_000); // each test runs the CLI several times
  let cluster: Cluster;
  let home: Home;
  let folder: ProgramFolder;
  const space = `retained-${process.pid}`;
  const byAdmins = `adopted-${process.pid}`;

  const classes = ["first", "second"].map((name) => `${name}-${process.pid}`);
  /** Claims of these classes stay without a volume until a pod wants them, so that nothing has to bind them. */
  const waiting = { provisioner: "kubernetes.io/no-provisioner", volumeBindingMode: "WaitForFirstConsumer" };
  const env = { SPACE: space, CLASS: classes[0] };
  const ok = async (stack: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> => {
    const { code, stdout, stderr } = await folder.pulumi(stack, args, { ...env, ...more });
    expect(code, stdout + stderr).to.equal(0);
    return stdout;
  };
  const refused = async (stack: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> => {
    const { code, stdout, stderr } = await folder.pulumi(stack, args, { ...env, ...more });
    expect(code, stdout).not.to.equal(0);
    return stdout + stderr;
  };
  const object = async (...what: readonly string[]) => JSON.parse((await cluster.kubectl(["get", ...what, "-o", "json"])).stdout) as KubeObject;
  const claim = () => object("persistentvolumeclaim", "models", "-n", space);
  const names = async (kind: string) => (await cluster.kubectl(["get", kind, "-n", space, "-o", "name", "--ignore-not-found"])).stdout.trim();

  before(async () => {
    [cluster, home] = await Promise.all([testCluster(), standIns()]);
    folder = await programFolder(cluster, home, ["one", "two"], program);
    for (const name of classes) await apply(cluster, { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name }, ...waiting });
  });
  after(async () => {
    folder.remove();
    home.remove();
    await cluster.kubectl(["delete", "namespace", space, byAdmins, "--ignore-not-found", "--wait=false"]);
    await cluster.kubectl(["delete", "storageclass", ...classes, "--ignore-not-found"]);
  });

  it("is made, and stays when the stack is destroyed; all else goes", async () => {
    await ok("one", ["up", "--yes"]);
    const before = await claim();
    expect(await names("resourcequota,limitrange")).to.equal("resourcequota/quota\nlimitrange/limits");
    await ok("one", ["destroy", "--yes"]);
    expect((await claim()).metadata).to.include({ uid: before.metadata.uid, resourceVersion: before.metadata.resourceVersion });
    expect(await names("resourcequota,limitrange")).to.equal("");
    expect((await cluster.kubectl(["get", "configmap", "settings", "-n", space], { allowFailure: true })).code).not.to.equal(0);
  });

  it("is taken over by the next `up` of the same stack: the same objects, without an import", async () => {
    const [before, namespace] = [await claim(), await object("namespace", space)];
    await ok("one", ["up", "--yes"]);
    expect((await claim()).metadata.uid).to.equal(before.metadata.uid);
    expect((await object("namespace", space)).metadata.uid).to.equal(namespace.metadata.uid);
    await ok("one", ["preview", "--refresh", "--expect-no-changes"]);
  });

  it("is refused to another stack, with the label and its holder, and nothing is changed", async () => {
    const [before, namespace] = [await claim(), await object("namespace", space)];
    const said = await refused("two", ["up", "--yes"]);
    expect(said).to.include("openshift-ai-platform/owner").and.include("platform.one");
    expect((await claim()).metadata.resourceVersion).to.equal(before.metadata.resourceVersion);
    const after = await object("namespace", space);
    expect(after.metadata.resourceVersion).to.equal(namespace.metadata.resourceVersion);
    expect(after.metadata.labels).to.include({ "openshift-ai-platform/owner": "platform.one" });
    await ok("two", ["destroy", "--yes"]);
  });

  it("is not replaced when a field changes that can't be changed: the preview refuses it already", async () => {
    const before = await claim();
    for (const command of [["preview"], ["up", "--yes"]]) {
      expect(await refused("one", command, { CLASS: classes[1] }))
        .to.match(/models/)
        .and.match(/immutable|forbidden/i);
    }
    expect((await claim()).metadata).to.include({ uid: before.metadata.uid, resourceVersion: before.metadata.resourceVersion });
    await ok("one", ["preview", "--expect-no-changes"]);
  });

  it("is not replaced without a preview either, and is taken over again when the change is taken back", async () => {
    const before = await claim();
    expect(await refused("one", ["up", "--yes", "--skip-preview"], { CLASS: classes[1] })).to.match(/immutable|forbidden/i);
    expect((await claim()).metadata).to.include({ uid: before.metadata.uid, resourceVersion: before.metadata.resourceVersion });
    await ok("one", ["up", "--yes"]);
    expect((await claim()).metadata.uid).to.equal(before.metadata.uid);
  });

  it("is another stack's once its owner has gone and its label and field manager are taken away by hand", async () => {
    const before = await claim();
    await ok("one", ["destroy", "--yes"]);
    for (const what of [
      ["namespace", space],
      ["persistentvolumeclaim", "models", "-n", space],
    ]) {
      await cluster.kubectl(["label", ...what, "openshift-ai-platform/owner-"]);
      await cluster.kubectl(["annotate", ...what, "pulumi.com/patchFieldManager-"]);
    }
    await ok("two", ["up", "--yes"]);
    const after = await claim();
    expect(after.metadata.uid).to.equal(before.metadata.uid);
    expect(after.metadata.labels).to.include({ "openshift-ai-platform/owner": "platform.two" });
    expect(await refused("one", ["up", "--yes"])).to.include("platform.two");
    await ok("two", ["destroy", "--yes"]);
  });

  it("may be a namespace that admins made before, which keeps what it had", async () => {
    await cluster.kubectl(["create", "namespace", byAdmins]);
    await cluster.kubectl(["label", "namespace", byAdmins, "cost-centre=42"]);
    const before = await object("namespace", byAdmins);
    await ok("two", ["up", "--yes"], { SPACE: byAdmins });
    const after = await object("namespace", byAdmins);
    expect(after.metadata.uid).to.equal(before.metadata.uid);
    expect(after.metadata.labels).to.include({ "cost-centre": "42", "openshift-ai-platform/owner": "platform.two" });
  });
});
