import { expect } from "chai";
import { join } from "node:path";
import type { Cluster } from "../../../tools/cluster";
import { exec } from "../../../tools/lib/exec";
import { root } from "../../../tools/lib/paths";
import { apply, restrictedPod } from "../cluster/support";
import { standIns, testCluster } from "../plugins/support";
import { programFolder, type Home, type ProgramFolder } from "./support";

/** A stack that owns what is cluster-wide, as the foundation makes it, and something that must not go when the guard refuses. */
const program = `
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ownerOf } from "./components/common/labels";
import { profileOf } from "./components/common/platform";
import { ClusterGuard } from "./components/foundation/clusterGuard";
import { ClusterScope } from "./components/foundation/clusterScope";

const provider = new k8s.Provider("objects", { kubeconfig: process.env.OAP_EMBEDDED_KUBECONFIG, clusterIdentifier: "test", enablePatchForce: true });
const context = { profile: profileOf("kubernetes"), owner: ownerOf(pulumi.getProject(), pulumi.getStack()), site: { gpuResource: "nvidia.com/gpu", trustedCA: false }, retained: {} };
const scope = new ClusterScope("cluster-scope", { context }, { provider });
const settings = new k8s.core.v1.ConfigMap("settings", { metadata: { name: "guarded", namespace: "default" } }, { provider });
new ClusterGuard("cluster-guard", { context, cluster: { context: process.env.CONTEXT ?? "", kubeconfig: process.env.OAP_EMBEDDED_KUBECONFIG, kubectl: process.env.KUBECTL ?? "" }, after: [scope, settings] });
`;

describe("the stack that owns what is cluster-wide", function () {
  this.timeout(600_000); // some tests run the CLI
  let cluster: Cluster;
  let home: Home;
  let folder: ProgramFolder;
  const [other, foreign] = [`other-stack-${process.pid}`, `not-ours-${process.pid}`];
  const owned = ["priorityclass/ai-serving", "priorityclass/ai-interactive", "priorityclass/ai-batch"];

  const env = () => ({ CONTEXT: cluster.context, KUBECTL: join(cluster.programs, "kubectl") });
  /** What `destroy` asks first. */
  const ask = (more: NodeJS.ProcessEnv = {}) =>
    exec(process.execPath, [join(root, "components/foundation/dependents.mjs")], {
      allowFailure: true,
      env: {
        ...process.env,
        DEPENDENTS_KUBECTL: join(cluster.programs, "kubectl"),
        DEPENDENTS_CONTEXT: cluster.context,
        DEPENDENTS_KUBECONFIG: cluster.kubeconfig,
        DEPENDENTS_OWNER: "platform.one",
        ...more,
      },
    });
  const namespace = (name: string, owner?: string) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: owner ? { "app.kubernetes.io/part-of": "openshift-ai-platform", "openshift-ai-platform/owner": owner } : {} },
  });
  /** A pod that no node takes: it is not over. */
  const waitingPod = (where: string, pod: object = {}) =>
    restrictedPod(where, "waiting", "example/app:1", { pod: { nodeSelector: { nowhere: "true" }, ...pod } });
  const removePod = (where: string) => cluster.kubectl(["delete", "pod", "waiting", "-n", where, "--grace-period=0", "--force"]);
  const there = async () => (await cluster.kubectl(["get", ...owned, "configmap/guarded", "-n", "default", "-o", "name", "--ignore-not-found"])).stdout;

  before(async () => {
    [cluster, home] = await Promise.all([testCluster(), standIns()]);
    folder = await programFolder(cluster, home, ["one"], program);
    const { code, stderr } = await apply(cluster, namespace(other, "platform.two"), namespace(foreign));
    expect(code, stderr).to.equal(0);
    const { code: up, stdout } = await folder.pulumi("one", ["up", "--yes"], env());
    expect(up, stdout).to.equal(0);
  });
  after(async () => {
    folder.remove();
    home.remove();
    await cluster.kubectl(["delete", "namespace", other, foreign, "--ignore-not-found", "--wait=false"]);
  });

  it("makes the priority classes, none of which is the default of other pods", async () => {
    const columns = "custom-columns=NAME:.metadata.name,VALUE:.value,DEFAULT:.globalDefault";
    const { stdout } = await cluster.kubectl(["get", ...owned, "-o", columns, "--no-headers"]);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/\s+/)),
    ).to.deep.equal([
      ["ai-serving", "1000000", "<none>"],
      ["ai-interactive", "100000", "<none>"],
      ["ai-batch", "10000", "<none>"],
    ]);
  });

  it("is not destroyed while another stack has pods: nothing is deleted, and the stack is named", async () => {
    await apply(cluster, waitingPod(other));
    const { code, stdout } = await folder.pulumi("one", ["destroy", "--yes"], env());
    expect(code).not.to.equal(0);
    expect(stdout).to.include(`${other}: 1 pod of platform.two`).and.include("destroy platform.two first");
    expect((await there()).trim().split("\n")).to.have.length(4);
    await removePod(other);
  });

  it("is needed by pods of its priority classes, whoever made them", async () => {
    await apply(cluster, waitingPod(foreign));
    expect((await ask()).code).to.equal(0);
    await removePod(foreign);
    await apply(cluster, waitingPod(foreign, { priorityClassName: "ai-batch" }));
    const { code, stderr } = await ask();
    expect(code).to.equal(1);
    expect(stderr).to.include(`${foreign}: 1 pod, of no stack`);
    await removePod(foreign);
  });

  it("does not count its own pods", async () => {
    await apply(cluster, waitingPod(other));
    expect((await ask({ DEPENDENTS_OWNER: "platform.two" })).code).to.equal(0);
    await removePod(other);
  });

  it("is not destroyed when the cluster can't be asked", async () => {
    const unreachable = await ask({ DEPENDENTS_CONTEXT: "nowhere" });
    expect([unreachable.code, unreachable.stderr]).to.satisfy(([code, text]: [number, string]) => code === 1 && /can't ask the cluster.*nowhere/s.test(text));
    const missing = await ask({ DEPENDENTS_KUBECTL: "/no/kubectl" });
    expect(missing.code).to.equal(1);
    expect(missing.stderr).to.include("/no/kubectl: no such program").and.include("openshift-ai-platform:cluster.kubectl");
  });

  it("goes when only namespaces that destroyed stacks left behind are there", async () => {
    const { code, stdout } = await folder.pulumi("one", ["destroy", "--yes"], env());
    expect(code, stdout).to.equal(0);
    expect(await there()).to.equal("");
    expect((await cluster.kubectl(["get", "namespace", other])).code).to.equal(0);
  });
});
