import { expect } from "chai";
import { runChecks, checks } from "../../tools/doctor/engine";
import { ApiError } from "../../tools/doctor/api";
import { apiServerAddresses } from "../../tools/doctor/checks/addresses";
import { capabilities } from "../../tools/doctor/checks/capabilities";
import { managedClasses } from "../../tools/doctor/checks/classes";
import { dns } from "../../tools/doctor/checks/dns";
import { images } from "../../tools/doctor/checks/images";
import { machine as machineCheck } from "../../tools/doctor/checks/machine";
import { containerRuntime, gpus, nodes, nodeSelectors } from "../../tools/doctor/checks/nodes";
import { platform } from "../../tools/doctor/checks/platform";
import { priorities } from "../../stacks/priorities";
import { priorityClasses } from "../../tools/doctor/checks/priorities";
import { namespaces, quotas } from "../../tools/doctor/checks/projects";
import { rights } from "../../tools/doctor/checks/rights";
import { scaledPools } from "../../tools/doctor/checks/scaled";
import { served } from "../../tools/doctor/checks/served";
import { monitoring, router } from "../../tools/doctor/checks/services";
import { modelStorage, sharedStorage } from "../../tools/doctor/checks/storage";
import { version } from "../../tools/doctor/checks/version";
import { reportJson, reportText } from "../../tools/doctor/output";
import { thisMachine } from "../../tools/doctor/machine";
import { amountOf } from "../../tools/doctor/objects";
import type { Finding } from "../../tools/doctor/types";
import { readImagesLock } from "../../stacks/images";
import { storageClasses } from "../../stacks/storage";
import { config, pools, tiny, type Fields } from "./support/config";
import { apiOf, forbidden, good, lines, list, lock, machine, named, node, owned, owner, paths, run, storageClass, wanted } from "./support/doctor";

/** Configuration of the cluster with some fields replaced. */
const cluster = (fields: object) => ({ cluster: { name: "development", context: "ai", apiServerAddresses: ["198.18.0.2/32"], ...fields } });
const statuses = (findings: readonly Finding[]) => findings.map(({ status }) => status);

describe("the doctor", () => {
  it("finds nothing wrong where all is in order, and says of each finding that is not what is wanted and how to get it", async () => {
    const report = await runChecks(apiOf(good), wanted());
    expect(report.results.flatMap(({ findings }) => lines(findings, "problem"))).to.deep.equal([]);
    expect(report.counts.ok).to.be.greaterThan(10);
    const bad = await runChecks(
      apiOf({}, () => false),
      wanted({}, { images: lock("unresolved"), machine: machine({}) }),
    );
    expect(bad.counts.problem).to.be.greaterThan(5);
    for (const { status, wanted: must, fix } of bad.results.flatMap(({ findings }) => findings)) {
      if (status === "problem" || status === "warning") expect([must, fix]).to.not.include(undefined);
    }
  });

  it("has checks with ids of their own", () => {
    const ids = checks.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it("shows the other checks when one may not read, or its API does not answer", async () => {
    const api = apiOf({ ...good, "/api/v1/nodes": forbidden("/api/v1/nodes"), [paths.classes]: new ApiError(503, paths.classes, "away") });
    const { results } = await runChecks(api, wanted());
    expect(results.find(({ id }) => id === "nodes")?.findings[0]).to.deep.include({ status: "warning", found: "not checked: no right to read /api/v1/nodes" });
    expect(results.find(({ id }) => id === "model-storage")?.findings[0]?.found).to.contain("503: away");
    expect(results.find(({ id }) => id === "version")?.status).to.equal("ok");
  });

  it("does not hide its own mistakes", async () => {
    const broken = { id: "broken", title: "broken", run: () => Promise.reject(new TypeError("x is undefined")) };
    const error: unknown = await runChecks(apiOf(good), wanted(), [broken]).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(TypeError);
  });

  it("prints found, wanted and fix, aligned, with a summary; and the same as JSON", async () => {
    const report = await runChecks(apiOf({ ...good, "/version": { major: "1", minor: "29", gitVersion: "v1.29.0" } }), wanted(), [version, platform]);
    expect(reportText(report)).to.match(/^ {2}✗ Kubernetes version {4}v1\.29\.0\n {26}wanted: Kubernetes 1\.30 or newer.*\n {26}fix: {4}upgrade the cluster\n/);
    expect(reportText(report)).to.match(/ {2}✓ platform {14}OpenShift\n\n {2}2 problems, 0 warnings, 1 in order\n$/);
    const json = JSON.parse(reportJson(report, { stack: "dev", context: "ai" })) as {
      context: string;
      counts: object;
      checks: { id: string; status: string }[];
    };
    expect(json).to.deep.include({ context: "ai", counts: { ok: 1, warning: 0, problem: 2, skipped: 0 } });
    expect(json.checks.map(({ id, status }) => [id, status])).to.deep.equal([
      ["version", "problem"],
      ["platform", "ok"],
    ]);
  });
});

describe("doctor: version and platform", () => {
  const server = (minor: string) => ({ major: "1", minor, gitVersion: `v1.${minor}.0` });
  const registry = { models: [{ name: tiny, source: { kind: "registry", name: "tiny:latest", digest: `sha256:${"a".repeat(64)}` } }] };

  it("refuses what is older than the preStop sleep, and reads versions such as 30+", async () => {
    expect(lines(await run(version, { "/version": server("29") }, registry), "problem")[0]).to.match(/^v1\.29\.0 \| Kubernetes 1\.30/);
    expect(statuses(await run(version, { "/version": server("30+") }, registry))).to.deep.equal(["ok"]);
    expect(lines(await run(version, { "/version": undefined }, registry), "problem")[0]).to.contain("no version");
  });

  it("wants image volumes for models from images only", async () => {
    expect(statuses(await run(version, { "/version": server("31"), "/metrics": undefined }, registry))).to.deep.equal(["ok"]);
    expect(lines(await run(version, { "/version": server("31"), "/metrics": undefined }), "problem")[0]).to.contain(`image volumes for ${tiny}`);
    expect(lines(await run(version, { "/version": server("34"), "/metrics": forbidden("/metrics") }), "warning")[0]).to.contain("feature gate ImageVolume");
    expect(statuses(await run(version, { "/version": server("34") }))).to.deep.equal(["ok", "ok"]);
    expect(
      lines(await run(version, { "/version": server("35"), "/metrics": 'kubernetes_feature_enabled{name="ImageVolume",stage="BETA"} 0' }), "problem")[0],
    ).to.contain("gate ImageVolume is off");
  });

  it("tells the platforms apart", async () => {
    const none = { "/apis/route.openshift.io/v1": undefined, "/apis/security.openshift.io/v1": undefined };
    expect(statuses(await run(platform))).to.deep.equal(["ok"]);
    expect(lines(await run(platform, none), "problem")[0]).to.contain("set platform: kubernetes");
    expect(lines(await run(platform, {}, { platform: "kubernetes" }), "problem")[0]).to.contain("set platform: openshift");
    expect(statuses(await run(platform, none, { platform: "kubernetes" }))).to.deep.equal(["ok"]);
  });
});

describe("doctor: capabilities", () => {
  const of = async (name: string, ...args: Parameters<typeof run>) => (await run(...args)).filter(({ found }) => found.startsWith(`${name}:`));

  for (const [name, { kinds }] of Object.entries(served)) {
    const groups = [...Map.groupBy(kinds, ({ api }) => api)];
    const there = Object.fromEntries(
      groups.map(([api, all]) => [
        `/apis/${api}`,
        { resources: all.flatMap(({ resource }) => (resource === undefined ? [] : [{ name: resource, kind: resource }])) },
      ]),
    );
    const [field = "", choice] = name.split(": ");
    // Metrics of requests are in a Prometheus only.
    const claimed = cluster({ capabilities: { ...(choice === undefined ? {} : { monitoring: true }), [field]: choice ?? true } });

    it(`${name}: claimed and there, claimed and missing, there and not claimed`, async () => {
      expect(statuses(await of(name, capabilities, there, claimed))).to.deep.equal(["ok"]);
      const [missing] = await of(name, capabilities, {}, claimed);
      expect(missing).to.include({ status: "problem" });
      expect(missing?.found).to.match(/claimed, and the cluster serves no /);
      expect(missing?.fix).to.contain(`set cluster.capabilities.${field} to ${choice === undefined ? "false" : "none"}`);
      expect(lines(await of(field, capabilities, there), "warning")[0]).to.contain(`cluster.capabilities.${field}: ${choice ?? "true"}`);
      expect(statuses(await of(field, capabilities))).to.deep.equal(["skipped"]);
    });

    for (const { api, resource } of kinds.filter((kind) => kind.resource !== undefined)) {
      it(`${name}: is not there without ${resource ?? ""}`, async () => {
        const rest = kinds.filter((kind) => kind.api === api && kind.resource !== resource).map((kind) => ({ name: kind.resource, kind: kind.resource }));
        const found = await of(name, capabilities, { ...there, [`/apis/${api}`]: { resources: rest } }, claimed);
        expect(lines(found, "problem")[0]).to.contain(`no ${resource ?? ""} of ${api}`);
      });
    }
  }

  it("is asked about for every capability of the configuration", () => {
    const fields = new Set(Object.keys(served).map((name) => name.split(": ")[0]));
    expect([...fields].sort()).to.deep.equal(Object.keys(config().cluster.capabilities).sort());
  });

  it("says nothing of other ways to the same where one is claimed", async () => {
    const keda = {
      "/apis/external.metrics.k8s.io/v1beta1": { resources: [] },
      "/apis/keda.sh/v1alpha1": { resources: ["scaledobjects", "triggerauthentications"].map((name) => ({ name, kind: name })) },
    };
    expect(statuses(await of("customMetrics", capabilities, keda, cluster({ capabilities: { monitoring: true, customMetrics: "keda" } })))).to.deep.equal([
      "ok",
    ]);
  });

  it("calls an API whose server is away a problem where it is claimed", async () => {
    const away = { "/apis/metrics.k8s.io/v1beta1": new ApiError(503, "/apis/metrics.k8s.io/v1beta1", "service unavailable") };
    expect(lines(await run(capabilities, away, cluster({ capabilities: { metrics: true } })), "problem")[0]).to.contain("does not answer: service unavailable");
  });
});

describe("doctor: nodes", () => {
  const nodesAre = (...all: readonly object[]) => ({ "/api/v1/nodes": list(...all) });

  it("reads quantities in all of Kubernetes' forms", () => {
    expect(["15500m", "2", "1Ki", "1e3", "5k", undefined, ""].map(amountOf)).to.deep.equal([15.5, 2, 1024, 1000, 5000, 0, 0]);
  });

  it("names those that are not ready, and wants some that pods can run on", async () => {
    expect(lines(await run(nodes, nodesAre(node("a"), node("b", { ready: false }))), "warning")[0]).to.match(/^not ready: b/);
    expect(lines(await run(nodes, nodesAre()), "problem")[0]).to.match(/^no nodes/);
    const control = { taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }] };
    expect(lines(await run(nodes, nodesAre(node("a", { spec: control }), node("b", { spec: { unschedulable: true } }))), "problem")[0]).to.contain(
      "2 nodes, none that takes pods",
    );
  });

  it("compares what is declared with what is there", async () => {
    const declared = (changes: object) => cluster({ nodes: [{ name: "gpu", count: 2, cpu: "15", memory: "120Gi", gpus: 4, ...changes }] });
    expect(lines(await run(nodes, {}, declared({})), "ok")).to.include("cluster.nodes: no more than there is");
    expect(lines(await run(nodes, {}, declared({ count: 3, gpus: 4 })), "problem")[0])
      .to.contain("machines 3 of 2")
      .and.contain("GPUs 12 of 8")
      .and.contain("CPU 45 of 31");
    expect(lines(await run(nodes, {}, declared({ memory: "125Gi" })), "problem")[0])
      .to.contain("memory 250Gi of 248Gi")
      .and.not.contain("CPU");
    expect(statuses(await run(nodes))).to.deep.equal(["ok", "skipped"]);
  });

  it("counts GPUs at the largest scale, and says which resource the nodes have instead", async () => {
    expect(lines(await run(gpus, {}, pools({ gpusPerReplica: 2, replicas: 2 })), "ok")[0]).to.equal("8 nvidia.com/gpu, 4 wanted at the largest scale");
    const scaled = pools({ scale: { min: 1, max: 3 }, previewReplicas: 1 });
    const needed = { ...scaled, ...cluster({ capabilities: { metrics: true } }) };
    expect(lines(await run(gpus, nodesAre(node("a", { allocatable: { "nvidia.com/gpu": "3" } })), needed), "problem")[0]).to.match(
      /^3 nvidia\.com\/gpu on usable nodes \| 4:/,
    );
    expect(lines(await run(gpus, nodesAre(node("a", { allocatable: { "nvidia.com/gpu": "0", "nvidia.com/mig-1g.10gb": "7" } }))), "problem")[0]).to.contain(
      "set cluster.gpuResource to what the nodes have: nvidia.com/mig-1g.10gb",
    );
    expect(lines(await run(gpus, nodesAre(node("a", { allocatable: { "nvidia.com/gpu": "0" } }))), "problem")[0]).to.contain("NVIDIA GPU Operator");
    expect(statuses(await run(gpus, {}, pools({ gpusPerReplica: 0 })))).to.deep.equal(["skipped"]);
  });

  it("warns of GPU nodes without the taint, and with others", async () => {
    expect(lines(await run(gpus, nodesAre(node("a", { spec: { taints: [] } }))), "warning")[0]).to.contain(
      "kubectl taint nodes a nvidia.com/gpu=present:NoSchedule",
    );
    const other = node("b", { spec: { taints: [{ key: "team", effect: "NoSchedule" }] } });
    expect(lines(await run(gpus, nodesAre(node("a"), other)), "warning")[0]).to.contain("b (team)");
  });

  it("wants a node for each selector, counting the labels that the stack sets", async () => {
    const selecting = pools({ nodeSelector: { class: "a100" } });
    expect(statuses(await run(nodeSelectors))).to.deep.equal(["skipped"]);
    expect(lines(await run(nodeSelectors, {}, selecting), "problem")[0]).to.contain("pool ollama: no usable node has class=a100");
    expect(statuses(await run(nodeSelectors, nodesAre(node("a", { labels: { class: "a100" } })), selecting))).to.deep.equal(["ok"]);
    const labelled = (name: string) => ({ ...selecting, ...cluster({ nodeLabels: [{ node: name, labels: { class: "a100" } }] }) });
    expect(statuses(await run(nodeSelectors, {}, labelled("gpu-1")))).to.deep.equal(["ok"]);
    expect(lines(await run(nodeSelectors, {}, labelled("gpu-9")), "problem")[0]).to.match(/^no node gpu-9/);
  });

  it("wants a container runtime that mounts image volumes", async () => {
    expect(lines(await run(containerRuntime, nodesAre(node("a"), node("b", { runtime: "containerd://1.7.2" }))), "problem")[0]).to.contain("containerd 1.7.2");
    expect(statuses(await run(containerRuntime, nodesAre(node("a", { runtime: "cri-o://1.33.1" }))))).to.deep.equal(["ok"]);
    expect(lines(await run(containerRuntime, nodesAre(node("a", { runtime: "kwok-0.8.0" }))), "warning")[0]).to.contain("not known here");
  });
});

describe("doctor: storage", () => {
  const classesAre = (...all: readonly object[]) => ({ [paths.classes]: list(...all) });
  const models = (fields: object, rest: object = {}) => ({ storage: { models: fields, ...rest } });

  it("wants the class that is named, or one default", async () => {
    expect(lines(await run(modelStorage), "ok")[0]).to.equal("default class standard, rancher.io/local-path");
    expect(lines(await run(modelStorage, {}, models({ class: "gone" })), "problem")[0]).to.contain("no StorageClass gone; there are: standard");
    expect(lines(await run(modelStorage, classesAre(storageClass("a", "x"))), "problem")[0]).to.contain("no default StorageClass; there are: a");
    expect(lines(await run(modelStorage, classesAre(storageClass("a", "x", true), storageClass("b", "x", true))), "warning")[0]).to.contain(
      "several default classes: a, b",
    );
  });

  it("knows which drivers share volumes", async () => {
    const shared = (provisioner: string) => run(modelStorage, classesAre(storageClass("a", provisioner, true)), models({ accessMode: "ReadWriteMany" }));
    expect(lines(await shared("ebs.csi.aws.com"), "problem")[0]).to.contain("one node");
    expect(statuses(await shared("openshift-storage.cephfs.csi.ceph.com"))).to.deep.equal(["ok", "ok"]);
    expect(lines(await shared("example.com/new"), "warning")[0]).to.contain("not known here");
  });

  it("does not want a class that the stack makes, but one that another stack should have made", async () => {
    const made = models({}, { classes: { kind: "odf" } });
    expect(lines(await run(modelStorage, {}, made), "ok")[0]).to.contain("the stack makes it");
    const named = models({ class: "ai-model-storage" });
    expect(lines(await run(modelStorage, {}, { ...named, ...cluster({ manage: false }) }), "problem")[0]).to.contain(
      "bring up the stack that manages this cluster first",
    );
  });

  it("refuses classes of the same name that are not ours, and names what ours have that the configuration has not", async () => {
    const odf = models({}, { classes: { kind: "odf" } });
    const drivers = Object.fromEntries(["rbd", "cephfs"].map((kind) => [`/apis/storage.k8s.io/v1/csidrivers/openshift-storage.${kind}.csi.ceph.com`, {}]));
    const [spec] = storageClasses({
      kind: "odf",
      namespace: "openshift-storage",
      pool: "ocs-storagecluster-cephblockpool",
      fileSystem: "ocs-storagecluster-cephfilesystem",
    });
    const ssd = (labels: Record<string, string>, change: object = {}) => ({
      metadata: { name: "ai-fast-ssd", labels },
      provisioner: spec?.provisioner,
      parameters: { ...spec?.parameters, ...change },
    });
    const found = (one: object) => run(managedClasses, { ...drivers, ...classesAre(one) }, odf);
    expect(lines(await found(ssd(owned(owner))), "ok")).to.include("ai-fast-ssd: ours");
    expect(lines(await found(ssd({})), "problem")[0])
      .to.contain("and of no stack")
      .and.contain("kubectl delete storageclass ai-fast-ssd");
    expect(lines(await found(ssd(owned("openshift-ai-platform.production"))), "problem")[0]).to.contain("of stack openshift-ai-platform.production");
    expect(lines(await found(ssd(owned(owner), { pool: "old", extra: "1" })), "warning")[0]).to.contain(
      "StorageClass ai-fast-ssd has pool old, extra 1 | pool ocs-storagecluster-cephblockpool, extra unset, by storage.classes",
    );
    expect(lines(await run(managedClasses, {}, odf), "problem"))
      .to.have.length(2)
      .and.match(/no CSI driver/);
    expect(statuses(await run(managedClasses))).to.deep.equal(["skipped"]);
  });

  it("wants the driver and the Secret of a share", async () => {
    const cephfs = {
      storage: {
        shared: {
          share: { kind: "cephfs", path: "/volumes/ai", secret: { name: "ai-share", namespace: "openshift-storage" } },
          volumes: [{ name: "datasets", size: "1Gi", writer: "platform" }],
        },
      },
    };
    expect(lines(await run(sharedStorage, {}, cephfs), "problem")).to.have.length(2);
    const there = {
      "/apis/storage.k8s.io/v1/csidrivers/openshift-storage.cephfs.csi.ceph.com": {},
      "/api/v1/namespaces/openshift-storage/secrets/ai-share": {},
    };
    expect(statuses(await run(sharedStorage, there, cephfs))).to.deep.equal(["ok", "ok"]);
  });
});

describe("doctor: projects", () => {
  const path = "/api/v1/namespaces/ai-development";
  const namespaceIs = async (object: object) => (await run(namespaces, { [path]: object })).filter(({ found }) => found.startsWith("ai-development:"));

  it("takes over its own and nobody's, and refuses those of another stack and those that are going", async () => {
    expect(statuses(await run(namespaces))).to.not.include("problem");
    expect(statuses(await namespaceIs(named("ai-development", owned(owner))))).to.deep.equal(["ok"]);
    expect(statuses(await namespaceIs(named("ai-development")))).to.deep.equal(["warning"]);
    expect(lines(await namespaceIs(named("ai-development", owned("openshift-ai-platform.other"))), "problem")[0]).to.contain(
      "of stack openshift-ai-platform.other",
    );
    const going = { metadata: { name: "ai-development", labels: owned(owner), deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(lines(await namespaceIs(going), "problem")[0]).to.contain("being deleted");
  });

  it("names quotas that are not the stack's", async () => {
    const quota = { [`${path}/resourcequotas`]: list(named("quota", owned(owner)), named("site")) };
    expect(lines(await run(quotas, quota), "warning"))
      .to.have.length(1)
      .and.match(/ai-development: ResourceQuota site/);
    const wide = { "/apis/quota.openshift.io/v1/clusterresourcequotas": list(named("all-teams")) };
    expect(lines(await run(quotas, wide), "warning")[0]).to.contain("ClusterResourceQuota all-teams");
    expect(statuses(await run(quotas, wide, { platform: "kubernetes" }))).to.deep.equal(["skipped"]);
  });
});

describe("doctor: rights", () => {
  it("asks a cluster administrator one question", async () => {
    let asked = 0;
    expect(statuses(await run(rights, {}, {}, { allowed: () => ++asked > 0 }))).to.deep.equal(["ok"]);
    expect(asked).to.equal(1);
  });

  it("lists all that is missing at once, by kind", async () => {
    const allowed = ({ verb, resource, group }: { verb: string; resource: string; group: string }) =>
      group !== "*" && !(resource === "deployments" && ["create", "patch"].includes(verb)) && !(resource === "namespaces" && verb === "create");
    const missing = lines(await run(rights, {}, { ...cluster({ manage: false }) }, { allowed }), "problem");
    expect(missing.map((line) => line.split(" | ")[0])).to.deep.equal([
      "no right to create namespaces cluster-wide",
      "no right to create, patch deployments.apps in ai-development",
    ]);
  });

  it("asks for what the configuration needs only", async () => {
    const asked = async (fields: Fields) => {
      const resources = new Set<string>();
      await run(rights, {}, fields, { allowed: ({ verb, resource }) => verb !== "*" && resources.add(resource).size > 0 });
      return resources;
    };
    expect(await asked({}))
      .to.include("priorityclasses")
      .and.not.include("horizontalpodautoscalers");
    expect(await asked(cluster({ manage: false }))).to.not.include("priorityclasses");
    expect(await asked({ layers: { access: false } })).to.not.include("roles");
    expect(await asked({ ...pools({ scale: { min: 1, max: 2 } }), ...cluster({ capabilities: { metrics: true } }) })).to.include("horizontalpodautoscalers");
  });
});

describe("doctor: what is shared", () => {
  const path = (name: string) => `/apis/scheduling.k8s.io/v1/priorityclasses/${name}`;
  const there = (labels: Record<string, string>, change = 0) =>
    Object.fromEntries(Object.entries(priorities).map(([name, { value }]) => [path(name), { metadata: { name, labels }, value: value + change }]));

  it("wants priority classes where another stack manages the cluster, and free names where this one does", async () => {
    const foreign = owned("openshift-ai-platform.production");
    const shared = cluster({ manage: false });
    expect(lines(await run(priorityClasses, {}, shared), "problem")).to.have.length(3);
    expect(statuses(await run(priorityClasses, there(foreign), shared))).to.deep.equal(["ok", "ok", "ok"]);
    expect(lines(await run(priorityClasses, there(foreign, 1), shared), "problem")[0]).to.contain("ai-serving: 1000001 | 1000000");
    expect(statuses(await run(priorityClasses))).to.deep.equal(["ok", "ok", "ok"]);
    expect(statuses(await run(priorityClasses, there(owned(owner))))).to.deep.equal(["ok", "ok", "ok"]);
    expect(lines(await run(priorityClasses, there(foreign)), "problem")[0]).to.contain("set cluster.manage to false");
    expect(lines(await run(priorityClasses, there({})), "problem")[0]).to.contain("kubectl delete priorityclass ai-serving");
  });

  it("wants the addresses of the API server in the configuration", async () => {
    const [slices = ""] = Object.keys(good).filter((key) => key.includes("endpointslices"));
    const at = (...addresses: readonly string[]) => ({ [slices]: list({ endpoints: [{ addresses }] }) });
    expect(statuses(await run(apiServerAddresses))).to.deep.equal(["ok"]);
    expect(statuses(await run(apiServerAddresses, at("10.0.0.4"), cluster({ apiServerAddresses: ["10.0.0.0/29"] })))).to.deep.equal(["ok"]);
    expect(lines(await run(apiServerAddresses, at("198.18.0.2", "10.0.0.9", "fd00::9")), "problem")[0]).to.contain(
      "cluster.apiServerAddresses: [198.18.0.2/32, 10.0.0.9/32, fd00::9/128]",
    );
    expect(statuses(await run(apiServerAddresses, { [slices]: list({ endpoints: null }) }))).to.deep.equal(["skipped"]);
  });

  it("looks for DNS where network policies allow it", async () => {
    const [pods = ""] = Object.keys(good).filter((key) => key.includes("openshift-dns"));
    expect(statuses(await run(dns))).to.deep.equal(["ok"]);
    expect(lines(await run(dns, { [pods]: list() }), "warning")[0]).to.contain("openshift-dns");
  });

  it("looks for a way in", async () => {
    expect(statuses(await run(router))).to.deep.equal(["ok"]);
    expect(statuses(await run(router, { "/api/v1/namespaces/openshift-ingress": undefined }))).to.deep.equal(["warning"]);
    const gateway = cluster({ capabilities: { gatewayApi: true } });
    const classesAre = (...all: readonly object[]) => ({ "/apis/gateway.networking.k8s.io/v1/gatewayclasses": list(...all) });
    expect(lines(await run(router, classesAre(named("traefik")), gateway), "warning")[0]).to.contain("accepted by no controller");
    expect(
      statuses(await run(router, classesAre(named("traefik", {}, { status: { conditions: [{ type: "Accepted", status: "True" }] } })), gateway)),
    ).to.deep.equal(["ok"]);
  });

  it("looks for a Prometheus where monitoring is claimed", async () => {
    const claimed = cluster({ capabilities: { monitoring: true } });
    const at = (namespace: string) => ({ "/apis/monitoring.coreos.com/v1/prometheuses": list({ metadata: { name: "k8s", namespace } }) });
    expect(statuses(await run(monitoring))).to.deep.equal(["skipped"]);
    expect(lines(await run(monitoring, at("openshift-monitoring"), claimed), "warning")[0]).to.contain("enableUserWorkload");
    expect(statuses(await run(monitoring, at("openshift-user-workload-monitoring"), claimed))).to.deep.equal(["ok"]);
    expect(statuses(await run(monitoring, at("monitoring"), { ...claimed, platform: "kubernetes" }))).to.deep.equal(["ok"]);
  });

  it("refuses images without a digest where they are required", async () => {
    const unresolved = { images: lock("unresolved") };
    expect(statuses(await run(images))).to.deep.equal(["ok"]);
    expect(statuses(await run(images, {}, {}, unresolved))).to.deep.equal(["ok"]);
    const tracked = { images: readImagesLock() };
    expect(lines(await run(images, {}, {}, tracked), "warning").map((line) => line.split(" ")[0])).to.deep.equal(["model-proxy", "tiny-model"]);
    const required = await run(images, {}, { images: { requireDigests: true } }, tracked);
    expect(lines(required, "problem").map((line) => / (\S+) \(/.exec(line)?.[1])).to.deep.equal(["ollama", "model-proxy", "tiny-model"]);
    expect(lines(await run(images, {}, { images: { requireDigests: true } }, unresolved), "problem")[0])
      .to.contain("docker.io/ollama/ollama:0.17.4")
      .and.contain("make images-lock");
  });

  it("finds pools that Argo Rollouts left without pods, where an autoscaler does not start them", async () => {
    const path = "/apis/apps/v1/namespaces/ai-development/deployments/ollama";
    const scaled = (capabilities: object) => ({
      ...cluster({ capabilities: { metrics: true, ...capabilities } }),
      ...pools({ replicas: 2, scale: { min: 2, max: 3 } }),
    });
    const at = (replicas: number) => ({ [path]: { spec: { replicas } } });
    expect(statuses(await run(scaledPools, at(0)))).to.deep.equal(["skipped"]);
    expect(statuses(await run(scaledPools, {}, scaled({})))).to.deep.equal(["ok"]);
    expect(statuses(await run(scaledPools, at(1), scaled({})))).to.deep.equal(["ok"]);
    expect(lines(await run(scaledPools, at(0), scaled({})), "problem")[0]).to.contain(
      "kubectl scale deployment ollama -n ai-development --current-replicas=0 --replicas=2",
    );
    expect(statuses(await run(scaledPools, at(0), scaled({ argoRollouts: true })))).to.deep.equal(["skipped"]);
    expect(statuses(await run(scaledPools, at(0), scaled({ customMetrics: "keda", monitoring: true })))).to.deep.equal(["skipped"]);
  });

  it("looks at the machine of who runs pulumi by hand", async () => {
    const on = (programs: Record<string, string>, env: Record<string, string> = {}, fields = {}) =>
      run(machineCheck, {}, fields, { machine: machine(programs, env) });
    const kubectl = { kubectl: "" };
    expect(statuses(await on({ node: "v24.1.0", ...kubectl }))).to.deep.equal(["ok", "skipped", "ok"]);
    expect(lines(await on({ node: "v20.19.0", ...kubectl }), "warning")[0]).to.contain("Node 20.19.0");
    expect(lines(await on(kubectl), "warning")[0]).to.contain("no node on PATH");
    expect(lines(await on({ node: "v24.1.0" }), "problem")[0]).to.contain("cluster.kubectl");
    expect(lines(await on({ node: "v24.1.0" }, {}, { smokeCheck: false }), "warning")[0]).to.contain("kubectl");
    const all = { node: "v24.1.0", pulumi: "v3.259.0", ...kubectl };
    expect(lines(await on(all), "warning")[0]).to.contain("PULUMI_CONFIG_PASSPHRASE");
    expect(lines(await on(all, { PULUMI_CONFIG_PASSPHRASE: "" }), "warning")).to.deep.equal([]);
    expect(lines(await on(all, { PULUMI_ACCESS_TOKEN: "x" }), "warning")).to.deep.equal([]);
    expect(lines(await on({ ...all, pulumi: "v3.100.0" }), "warning")[0]).to.contain("pulumi 3.100.0");
  });

  it("does not take the project's own programs for the person's", () => {
    expect(thisMachine({ PATH: `${process.cwd()}/node_modules/.bin` }).which("node")).to.equal(undefined);
    expect(thisMachine({ PATH: "" }).which(process.execPath)).to.equal(process.execPath);
  });
});
