import { expect } from "chai";
import { readFileSync } from "node:fs";
import type { Cluster, Platform } from "../../../tools/cluster";
import { doctor } from "../../../tools/commands/doctor";
import { rightsTable } from "../../../tools/doctor/checks/rights";
import type { CheckResult } from "../../../tools/doctor/engine";
import type { Finding } from "../../../tools/doctor/types";
import { UserError } from "../../../tools/lib/errors";
import { apply, eventually } from "../cluster/support";
import { clusterOf, kubeconfig, stackFile } from "./support";

interface Run {
  readonly code: number;
  readonly checks: readonly CheckResult[];
}

/** Runs the command on a configuration file. */
async function examine(configFile: string, env: Record<string, string> = {}): Promise<Run> {
  let text = "";
  const code = await doctor(["--json", "--config-file", configFile], { STACK: "dev", ...env }, (part) => (text += part));
  return { code, checks: (JSON.parse(text) as { checks: CheckResult[] }).checks };
}

const findingsOf = ({ checks }: Run, id?: string): readonly Finding[] =>
  checks.filter((check) => id === undefined || check.id === id).flatMap(({ findings }) => findings);
const problemsOf = (run: Run, id?: string): string[] =>
  findingsOf(run, id).flatMap(({ status, found, fix }) => (status === "problem" ? [`${found} | ${fix ?? ""}`] : []));
const errorOf = async (work: Promise<unknown>): Promise<UserError> => {
  const error: unknown = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).to.be.instanceOf(UserError);
  return error as UserError;
};

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } }[];
}

for (const platform of ["openshift", "kubernetes"] as const satisfies readonly Platform[]) {
  describe(`doctor on a simulated cluster (${platform})`, function () {
    this.timeout(600_000);
    let cluster: Cluster;
    before(async () => {
      cluster = await clusterOf(platform);
    });

    it("finds no problem where the stack can be brought up", async () => {
      const run = await examine(stackFile(cluster, {}, { capabilities: { gatewayApi: true } }));
      expect(problemsOf(run)).to.deep.equal([]);
      expect(run.code).to.equal(0);
      expect(findingsOf(run, "rights")[0]?.found).to.contain("cluster administrator");
      expect(findingsOf(run, "gpus")[0]?.found).to.match(/^8 nvidia\.com\/gpu/);
    });

    it("changes nothing", async () => {
      const kinds = "namespaces,clusterroles,clusterrolebindings,priorityclasses,storageclasses,nodes,configmaps,resourcequotas";
      const objects = async () =>
        (await cluster.kubectl(["get", kinds, "-A", "-o", "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.generation}{'\\n'}{end}"])).stdout;
      // What tried the cluster's own policies when it was made may still be on its way out.
      await cluster.kubectl(["wait", "--for=delete", "namespace/admission-probe", "--timeout=60s"]);
      const before = await objects();
      await examine(stackFile(cluster));
      expect(await objects()).to.equal(before);
    });

    it("names a platform that is another, capabilities that are missing, and more nodes and GPUs than there are", async () => {
      const other = platform === "openshift" ? "kubernetes" : "openshift";
      const pools = [{ name: "ollama", models: ["tiny:0.1m-v1.0-random"], replicas: 3, gpusPerReplica: 1 }];
      const nodes = [{ name: "gpu", count: 2, cpu: "64", memory: "512Gi", gpus: 5 }];
      const run = await examine(
        stackFile(cluster, { platform: other, serving: { pools } }, { capabilities: { certManager: true }, nodes, gpuResource: "nvidia.com/gpu.shared" }),
      );
      expect(run.code).to.equal(1);
      expect(problemsOf(run, "platform")[0]).to.contain(`set platform: ${platform}`);
      expect(problemsOf(run, "capabilities")[0]).to.match(/^certManager: claimed.*cert-manager/);
      expect(problemsOf(run, "nodes")[0]).to.contain("GPUs 10 of 0");
      expect(problemsOf(run, "gpus")[0]).to.contain("set cluster.gpuResource to what the nodes have: nvidia.com/gpu");
    });

    it("names a CustomResourceDefinition that is gone", async () => {
      const crd = "httproutes.gateway.networking.k8s.io";
      const { apiVersion, kind, metadata, spec } = JSON.parse((await cluster.kubectl(["get", "crd", crd, "-o", "json"])).stdout) as {
        apiVersion: string;
        kind: string;
        metadata: { annotations: object };
        spec: object;
      };
      await cluster.kubectl(["delete", "crd", crd, "--wait"]);
      const claimed = stackFile(cluster, {}, { capabilities: { gatewayApi: true } });
      try {
        const found = await eventually("the doctor sees that it is gone", async () => {
          const all = problemsOf(await examine(claimed), "capabilities");
          return all.length > 0 && all;
        });
        expect(found[0]).to.contain("the cluster serves no httproutes of gateway.networking.k8s.io/v1").and.contain("Gateway");
      } finally {
        await cluster.kubectl(["create", "-f", "-"], {
          input: JSON.stringify({ apiVersion, kind, metadata: { name: crd, annotations: metadata.annotations }, spec }),
        });
      }
      await eventually("it is served again", async () => problemsOf(await examine(claimed), "capabilities").length === 0);
    });

    it("names a foreign owner of a namespace and of a priority class, and a class of storage that is not there", async () => {
      const foreign = { "openshift-ai-platform/owner": "openshift-ai-platform.other" };
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "ai-development", labels: foreign } };
      const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "site", namespace: "ai-development" }, spec: { hard: { pods: "5" } } };
      const priority = { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name: "ai-batch", labels: foreign }, value: 10_000 };
      await apply(cluster, namespace, quota, priority);
      try {
        const run = await examine(stackFile(cluster, { storage: { models: { class: "fast" } } }));
        expect(problemsOf(run, "namespaces"))
          .to.have.length(1)
          .and.match(/ai-development: of stack openshift-ai-platform\.other \| two stacks can't share it/);
        expect(problemsOf(run, "priority-classes")[0]).to.contain("set cluster.manage to false");
        expect(problemsOf(run, "model-storage")[0]).to.contain("no StorageClass fast; there are: standard");
        expect(findingsOf(run, "quotas")[0]?.found).to.equal("ai-development: ResourceQuota site");
      } finally {
        await cluster.kubectl(["delete", "priorityclass/ai-batch", "namespace/ai-development", "--wait"]);
      }
    });

    it("lists all rights that are missing, and none when the table of rights is granted", async () => {
      const account = { kind: "ServiceAccount", name: "deployer", namespace: "doctor-test" };
      const byResource = rightsTable.map(({ group, resource, subresource, verbs }) => ({
        apiGroups: [group],
        resources: [subresource ? `${resource}/${subresource}` : resource],
        verbs: [...verbs],
      }));
      const role = (rules: readonly object[]) => ({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: { name: "doctor-test" },
        rules,
      });
      const few = role([{ apiGroups: [""], resources: ["namespaces", "configmaps"], verbs: ["get", "list", "watch"] }]);
      await apply(
        cluster,
        { apiVersion: "v1", kind: "Namespace", metadata: { name: "doctor-test" } },
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: account.name, namespace: account.namespace } },
        few,
        {
          apiVersion: "rbac.authorization.k8s.io/v1",
          kind: "ClusterRoleBinding",
          metadata: { name: "doctor-test" },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "doctor-test" },
          subjects: [account],
        },
      );
      try {
        const token = (await cluster.kubectl(["create", "token", account.name, "-n", account.namespace])).stdout.trim();
        const [admin] = (JSON.parse(readFileSync(cluster.kubeconfig, "utf8")) as Kubeconfig).clusters;
        const restricted = kubeconfig(cluster, admin?.cluster["certificate-authority-data"] ?? "", { token }, admin?.cluster.server ?? "");
        const run = await eventually("the role is in force", async () => {
          const now = await examine(stackFile(cluster, {}, { kubeconfig: restricted }));
          return !problemsOf(now, "rights").some((line) => line.includes("get, list, watch, create, patch, delete namespaces")) && now;
        });
        const missing = problemsOf(run, "rights");
        expect(missing).to.include.members([
          "no right to create, patch, delete namespaces cluster-wide | have a cluster administrator grant it to who runs pulumi (docs/doctor.md)",
          "no right to create, patch, delete configmaps in ai-development, ai-infrastructure | have a cluster administrator grant it to who runs pulumi (docs/doctor.md)",
        ]);
        expect(missing.join("\n")).to.contain("deployments.apps").and.contain("networkpolicies.networking.k8s.io");
        expect(findingsOf(run, "nodes")[0]).to.deep.include({ status: "warning", found: "not checked: no right to read /api/v1/nodes" });
        expect(run.code).to.equal(1);

        await apply(cluster, role(byResource));
        await eventually(
          "nothing is missing",
          async () => problemsOf(await examine(stackFile(cluster, {}, { kubeconfig: restricted })), "rights").length === 0,
        );
        const granted = await examine(stackFile(cluster, {}, { kubeconfig: restricted }));
        expect(findingsOf(granted, "rights")[0]?.found).to.match(/^all \d+ that the stack needs$/);
      } finally {
        await cluster.kubectl(["delete", "clusterrole/doctor-test", "clusterrolebinding/doctor-test", "namespace/doctor-test", "--wait"]);
      }
    });
  });
}

describe("doctor without a cluster to talk to", function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let ca: string;
  before(async () => {
    cluster = await clusterOf("kubernetes");
    ca = (JSON.parse(readFileSync(cluster.kubeconfig, "utf8")) as Kubeconfig).clusters[0]?.cluster["certificate-authority-data"] ?? "";
  });

  it("lists the contexts there are, and takes the one that CONTEXT names, never the current one", async () => {
    const wrong = await errorOf(examine(stackFile(cluster), { CONTEXT: "production" }));
    expect(wrong.message).to.contain('no context "production"');
    expect(wrong.fix).to.contain(cluster.context);
    const two = kubeconfig(cluster, ca, {}, "https://127.0.0.1:1");
    const error = await errorOf(examine(stackFile(cluster, {}, { context: "missing", kubeconfig: two })));
    expect(error.fix).to.contain(`${cluster.context}, another`);
  });

  it("says that a server does not answer, and that it does not know who asks", async () => {
    const away = await errorOf(examine(stackFile(cluster), { KUBECONFIG: kubeconfig(cluster, ca, {}, "https://127.0.0.1:1") }));
    expect(away.message).to.match(/https:\/\/127\.0\.0\.1:1 does not answer: .*ECONNREFUSED/);
    expect(away.fix).to.contain("name another context: another");
    const [admin] = (JSON.parse(readFileSync(cluster.kubeconfig, "utf8")) as Kubeconfig).clusters;
    const stranger = await errorOf(examine(stackFile(cluster), { KUBECONFIG: kubeconfig(cluster, ca, { token: "wrong" }, admin?.cluster.server ?? "") }));
    expect(stranger.message).to.contain("does not know who asks (401 Unauthorized)");
  });

  it("names a kubeconfig that is not there or none, without showing what stands in it", async () => {
    const gone = await errorOf(examine(stackFile(cluster), { KUBECONFIG: "/nonexistent/kubeconfig" }));
    expect(gone.message).to.equal("kubeconfig /nonexistent/kubeconfig cannot be read: ENOENT");
    const secret = stackFile(cluster, { registry: { pullSecret: "very-secret" } });
    const none = await errorOf(examine(stackFile(cluster), { KUBECONFIG: secret }));
    expect(none.message).to.not.contain("very-secret");
  });

  it("reports a configuration that is wrong before it asks anything", async () => {
    const error = await errorOf(examine(stackFile(cluster, { platform: "openshit" })));
    expect(error.message).to.contain("openshift-ai-platform:platform").and.contain('did you mean "openshift"?');
  });

  it("refuses options that it does not have", async () => {
    expect((await errorOf(doctor(["--fix"]))).message).to.contain("--fix is no option");
  });
});
