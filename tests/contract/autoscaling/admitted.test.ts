/** What scales a pool is admitted by the real API server and the schemas of its projects, stays as it was written, and gives way to what takes its place. */
import { expect } from "chai";
import { join } from "node:path";
import type { Cluster } from "../../../tools/cluster";
import { scalingKinds } from "../../../tools/cluster/addons/furtherKinds";
import { withApi } from "../../../tools/cluster/addons/install";
import { apply, eventually } from "../cluster/support";
import { testCluster } from "../plugins/support";
import { openProgram, type Program } from "../serving/program";

const namespace = "contract-autoscaling";
const kinds = ["horizontalpodautoscalers", "scaledobjects.keda.sh", "triggerauthentications.keda.sh", "verticalpodautoscalers.autoscaling.k8s.io", "roles"];

describe("what scales a pool", function () {
  this.timeout(240_000);
  let cluster: Cluster;
  let program: Program | undefined;

  before(async function () {
    this.timeout(300_000);
    cluster = await testCluster();
    await withApi(cluster, async (api) => api.apply(await scalingKinds()));
    await eventually("kinds of KEDA", async () => (await cluster.kubectl(["get", "scaledobjects.keda.sh", "-A"], { allowFailure: true })).code === 0);
    program = await openProgram(join(__dirname, "programs/pool"), cluster);
  });
  after(async () => {
    await program?.pulumi(["destroy", "--yes"]);
    program?.remove();
  });

  const succeeds = async (args: readonly string[], env: Readonly<Record<string, string>>) => {
    if (!program) throw new Error("no program");
    const { code, stdout, stderr } = await program.pulumi(args, { CONTRACT_NAMESPACE: namespace, ...env });
    expect(code, `${stdout}\n${stderr}`).to.equal(0);
  };
  /** Names of what there is, by kind. */
  const there = async () => {
    const { stdout } = await cluster.kubectl(["get", kinds.join(","), "-n", namespace, "-o", "name"]);
    return stdout.trim().split("\n").sort();
  };
  const hpa = "horizontalpodautoscaler.autoscaling/ollama";

  for (const [what, env, expected] of [
    ["CPU and memory", { CONTRACT_METRICS: "none" }, [hpa]],
    [
      "CPU, memory and the adapter's metrics, with a VerticalPodAutoscaler",
      { CONTRACT_METRICS: "prometheus-adapter", CONTRACT_VPA: "yes" },
      [hpa, "verticalpodautoscaler.autoscaling.k8s.io/ollama"],
    ],
    ["KEDA, on kubernetes", { CONTRACT_METRICS: "keda" }, ["scaledobject.keda.sh/ollama"]],
    [
      "KEDA, on OpenShift",
      { CONTRACT_METRICS: "keda", CONTRACT_PLATFORM: "openshift" },
      [
        "role.rbac.authorization.k8s.io/ollama-metrics-reader",
        "role.rbac.authorization.k8s.io/ollama-metrics-reader-token",
        "scaledobject.keda.sh/ollama",
        "triggerauthentication.keda.sh/ollama-metrics-reader",
      ],
    ],
    ["CPU and memory again", { CONTRACT_METRICS: "none" }, [hpa]],
  ] as const) {
    it(`is what ${what} take, in place of what was there, and stays as it is`, async () => {
      await succeeds(["up", "--yes", "--skip-preview"], env);
      expect(await there()).to.deep.equal(expected);
      await succeeds(["preview", "--refresh", "--expect-no-changes"], env);
    });
  }

  it("is refused by the same schemas where it is wrong, so that they are there to refuse", async () => {
    const scaled = (spec: object) => ({ apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject", metadata: { name: "wrong", namespace }, spec });
    const trigger = { type: "cpu", metadata: { value: 70 } };
    expect((await apply(cluster, scaled({ scaleTargetRef: { name: "ollama" }, triggers: [trigger] }))).stderr).to.contain("spec.triggers[0].metadata.value");
    const recommender = {
      apiVersion: "autoscaling.k8s.io/v1",
      kind: "VerticalPodAutoscaler",
      metadata: { name: "wrong", namespace },
      spec: { targetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "ollama" }, updatePolicy: { updateMode: "Sometimes" } },
    };
    expect((await apply(cluster, recommender)).stderr).to.contain("updateMode");
  });
});
