import { expect } from "chai";
import { causesOf } from "../../../cli/gpu/causes";
import { podRequests } from "../../../cli/gpu/requests";
import type { Node, Pod } from "../../../cli/kube/objects";
import { aictl, changes, dev, json, stackText } from "./support";
import { ns } from "./pool";

const gpuTaint = { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" };

interface NodeOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly allocatable?: Readonly<Record<string, string>>;
  readonly capacity?: Readonly<Record<string, string>>;
  readonly ready?: boolean;
  readonly cordoned?: boolean;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
}

function node(name: string, { labels = {}, allocatable = {}, capacity, ready = true, cordoned, taints = [gpuTaint] }: NodeOptions = {}): Node {
  const all = { cpu: "16", memory: "64Gi", "nvidia.com/gpu": "2", ...allocatable };
  return {
    metadata: {
      name,
      labels: {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": "A100-SXM4-40GB",
        "nvidia.com/gpu.memory": "40960",
        "gpu.nvidia.com/class": "a100",
        ...labels,
      },
    },
    spec: { taints, ...(cordoned ? { unschedulable: true } : {}) },
    status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }], allocatable: all, capacity: { ...all, ...capacity } },
  };
}

interface PodOptions {
  readonly on?: string;
  readonly requests?: Readonly<Record<string, string>>;
  readonly selector?: Readonly<Record<string, string>>;
  readonly tolerates?: boolean;
  readonly message?: string;
  readonly phase?: string;
}

function pod(
  name: string,
  {
    on,
    requests = { cpu: "1", "nvidia.com/gpu": "1" },
    selector,
    tolerates = true,
    message,
    phase = on === undefined ? "Pending" : "Running",
  }: PodOptions = {},
): Pod {
  return {
    metadata: { name, namespace: ns },
    spec: {
      ...(on === undefined ? {} : { nodeName: on }),
      ...(selector ? { nodeSelector: selector } : {}),
      tolerations: tolerates ? [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }] : [],
      containers: [{ name: "main", image: "x", resources: { requests } }],
    },
    status: { phase, ...(message ? { conditions: [{ type: "PodScheduled", status: "False", message }] } : {}) },
  };
}

describe("what a pod requests", () => {
  const one = (name: string, requests: Readonly<Record<string, string>>, restartPolicy?: string) => ({
    name,
    image: "x",
    resources: { requests },
    ...(restartPolicy ? { restartPolicy } : {}),
  });

  it("is the sum of its containers and sidecars, or the largest init container beside the sidecars before it", () => {
    const spec = {
      initContainers: [one("verify", { cpu: "3" }), one("sidecar", { cpu: "500m", memory: "1Gi" }, "Always"), one("late", { memory: "8Gi" })],
      containers: [one("main", { cpu: "2", memory: "4Gi", "nvidia.com/gpu": "1" })],
    };
    expect(podRequests(spec)).to.deep.equal({ cpu: 3, memory: 9 * 2 ** 30, "nvidia.com/gpu": 1 });
  });

  it("falls back on limits, as the API server does", () => {
    expect(podRequests({ containers: [{ name: "a", image: "x", resources: { limits: { "nvidia.com/gpu": "2" } } }] })).to.deep.equal({ "nvidia.com/gpu": 2 });
  });
});

describe("why a pod has no node", () => {
  const cause = (waiting: Pod, nodes: readonly Node[], pods: readonly Pod[] = []) => {
    const [first, ...rest] = causesOf(waiting, nodes, pods);
    expect(rest).to.deep.equal([]);
    return first;
  };

  it("the GPUs are shared under another name", () => {
    const found = cause(pod("p", { requests: { "nvidia.com/gpu.shared": "1" } }), [node("n")]);
    expect(found?.kind).to.equal("resource-name");
    expect(found?.found).to.contain("there is nvidia.com/gpu");
    expect(found?.fix).to.contain("cluster.gpuResource");
  });

  it("no node shows any", () => {
    expect(cause(pod("p"), [node("n", { allocatable: { "nvidia.com/gpu": "0" } })])?.fix).to.contain("device plugin");
  });

  it("it wants more than one node has", () => {
    const found = cause(pod("p", { requests: { "nvidia.com/gpu": "4" } }), [node("n"), node("m")]);
    expect(found).to.include({ kind: "gpus", fix: "lower gpusPerReplica of the pool to what one node has" });
  });

  it("no node has the class", () => {
    const found = cause(pod("p", { selector: { "gpu.nvidia.com/class": "h100" } }), [node("n")]);
    expect(found?.kind).to.equal("selector");
    expect(found?.found).to.contain("gpu.nvidia.com/class=h100 (nodes with such GPUs have a100)");
  });

  it("the nodes are cordoned or not ready", () => {
    expect(cause(pod("p"), [node("n", { cordoned: true }), node("m", { ready: false })])?.found).to.contain("n (cordoned), m (not ready)");
  });

  it("a taint that it does not tolerate", () => {
    const found = cause(pod("p"), [node("n", { taints: [gpuTaint, { key: "team", value: "x", effect: "NoSchedule" }] })]);
    expect(found).to.include({ kind: "taint" });
    expect(found?.found).to.contain("n (team:NoSchedule)");
    expect(cause(pod("p", { tolerates: false }), [node("n")])?.found).to.contain("nvidia.com/gpu:NoSchedule");
  });

  it("all GPUs are held", () => {
    const found = cause(pod("p"), [node("n")], [pod("a", { on: "n" }), pod("b", { on: "n" }), pod("done", { on: "n", phase: "Succeeded" })]);
    expect(found?.kind).to.equal("gpus");
    expect(found?.found).to.contain("n: 1 wanted, 0 free of nvidia.com/gpu");
  });

  it("there are GPUs, but no CPU beside them", () => {
    const found = cause(
      pod("p", { requests: { cpu: "4", memory: "1Gi", "nvidia.com/gpu": "1" } }),
      [node("n")],
      [pod("a", { on: "n", requests: { cpu: "14" } })],
    );
    expect(found?.kind).to.equal("cpu-or-memory");
    expect(found?.found).to.contain("4 wanted, 2 free of cpu");
  });

  it("there is room by now", () => {
    expect(cause(pod("p"), [node("n")])?.kind).to.equal("unknown");
  });
});

const cluster = (nodes: readonly Node[], pods: readonly Pod[], more: Readonly<Record<string, unknown>> = {}) => ({
  answers: { "/api/v1/nodes": nodes, "/api/v1/pods": pods, ...more },
});

describe("aictl gpu", () => {
  it("shows nodes, who holds what, and what is free", async () => {
    const done = await aictl(
      dev("-o", "json", "gpu"),
      cluster(
        [node("n"), node("plain", { labels: { "nvidia.com/gpu.present": "false" }, allocatable: { "nvidia.com/gpu": "0" } })],
        [pod("a", { on: "n" }), pod("w")],
      ),
    );
    const data = json<{ nodes: { name: string; gpus: object[] }[]; totals: object }>(done);
    expect(data.nodes[0]).to.deep.equal({
      name: "n",
      ready: true,
      schedulable: true,
      class: "a100",
      product: "A100-SXM4-40GB",
      memoryMiB: 40960,
      sharing: "whole",
      gpus: [{ resource: "nvidia.com/gpu", capacity: 2, allocatable: 2, requested: 1, free: 1, holders: [{ namespace: ns, pod: "a", count: 1 }] }],
    });
    expect(data.totals).to.deep.equal({ "nvidia.com/gpu": { allocatable: 2, requested: 1, free: 1 } });
    expect(changes(done)).to.deep.equal([]);
  });

  it("tells how GPUs are shared, and counts nothing as free on a node that takes no pods", async () => {
    const shared = node("s", {
      labels: { "nvidia.com/gpu.replicas": "4", "nvidia.com/gpu.sharing-strategy": "time-slicing" },
      allocatable: { "nvidia.com/gpu": "0", "nvidia.com/gpu.shared": "8" },
    });
    const mig = node("m", {
      labels: { "nvidia.com/gpu.product": "A100-SXM4-40GB-MIG-1g.5gb", "nvidia.com/mig.strategy": "single" },
      allocatable: { "nvidia.com/gpu": "14" },
      cordoned: true,
    });
    const done = await aictl(dev("gpu"), cluster([shared, mig], []));
    expect(done.out)
      .to.match(/s +ready .*time-slicing ×4 +nvidia\.com\/gpu\.shared +8 +8 +0 +8/)
      .and.match(/m +cordoned .*mig single 1g\.5gb +nvidia\.com\/gpu +14 +14 +0 +14/);
    expect(done.out).to.contain("nvidia.com/gpu: 0 of 14 requested, 0 free").and.contain("no pod holds a GPU");
  });

  it("points to troubleshooting where there are none", async () => {
    expect((await aictl(dev("gpu"), cluster([], []))).out).to.contain("aictl troubleshoot gpu");
  });
});

describe("aictl troubleshoot gpu", () => {
  const plugin = (ready: number) => ({
    "/apis/apps/v1/daemonsets": [
      { metadata: { name: "nvidia-device-plugin-daemonset", namespace: "gpu-operator" }, status: { desiredNumberScheduled: 2, numberReady: ready } },
    ],
  });
  const at = ["--context", "x", "-n", ns, "-o", "json", "troubleshoot", "gpu"];
  const run = async (nodes: readonly Node[], pods: readonly Pod[], more: Readonly<Record<string, unknown>> = {}) => {
    const done = await aictl(at, cluster(nodes, pods, { ...plugin(2), ...more }));
    const { checks } = json<{ checks: { id: string; findings: { status: string; found: string; fix?: string }[] }[] }>(done);
    const problems = checks.flatMap(({ id, findings }) => findings.filter(({ status }) => status === "problem").map(({ found }) => `${id}: ${found}`));
    expect(
      checks.flatMap(({ findings }) => findings).every(({ status, fix }) => (status === "problem" || status === "warning") === (fix !== undefined)),
    ).to.equal(true);
    return { code: done.code, problems };
  };

  it("finds nothing where all is well", async () => {
    expect(await run([node("n")], [pod("a", { on: "n" })])).to.deep.equal({ code: 0, problems: [] });
  });

  it("has the cause of each pod that waits, with the scheduler's own words", async () => {
    const event = { metadata: { name: "e" }, message: "0/1 nodes are available", involvedObject: { name: "p", namespace: ns } };
    const events = { "/api/v1/events?fieldSelector=reason%3DFailedScheduling": [event] };
    const { code, problems } = await run([node("n")], [pod("a", { on: "n" }), pod("b", { on: "n" }), pod("p", { message: "older words" })], events);
    expect(code).to.equal(1);
    expect(problems).to.have.length(1);
    expect(problems[0]).to.match(/^pending: ai-development\/p: all GPUs that fit are held .*\(scheduler: 0\/1 nodes are available\)$/);
  });

  it("sees nodes that are away or show no GPU, and a device plugin that does not run", async () => {
    const { problems } = await run([node("n", { ready: false }), node("m", { allocatable: { "nvidia.com/gpu": "0" } })], [], plugin(1));
    expect(problems).to.deep.equal([
      "gpu-nodes: n (a100): not ready",
      "gpu-nodes: m (a100): labelled as having GPUs, and shows none",
      "device-plugin: gpu-operator/nvidia-device-plugin-daemonset: 1 of 2 ready",
    ]);
    expect((await run([node("m", { allocatable: { "nvidia.com/gpu": "0" } })], [], { "/apis/apps/v1/daemonsets": [] })).problems).to.include(
      "device-plugin: no device plugin runs",
    );
  });

  it("sees pods that the quota kept from being made", async () => {
    const sets = `/apis/apps/v1/namespaces/${ns}/replicasets?labelSelector=app.kubernetes.io%2Fcomponent%3Dmodel-server`;
    const refusal = {
      metadata: { name: "ollama-1" },
      status: { conditions: [{ type: "ReplicaFailure", status: "True", message: "exceeded quota: platform" }] },
    };
    const { problems } = await run([node("n")], [], { [sets]: [refusal] });
    expect(problems).to.deep.equal([`quota: ${ns}: refused ollama-1: exceeded quota: platform`]);
  });

  it("compares sharing with the configuration", async () => {
    const gpu = { class: "a100", memory: "40Gi", sharing: { kind: "timeSlicing", replicas: 4 } };
    const text = stackText({
      cluster: {
        name: "development",
        context: "ai",
        apiServerAddresses: ["198.18.0.2/32"],
        nodes: [
          { name: "all", count: 1, cpu: "64", memory: "512Gi", gpus: 8 },
          { name: "gpu", count: 2, cpu: "64", memory: "512Gi", gpus: 4, gpu },
          { name: "other", count: 1, cpu: "64", memory: "512Gi", gpus: 1, gpu: { class: "h100", memory: "80Gi" } },
        ],
      },
    });
    const done = await aictl(dev("troubleshoot", "gpu"), { ...cluster([node("n")], [], plugin(2)), files: { "Pulumi.dev.yaml": text } });
    expect(done.code, done.notes).to.equal(1);
    expect(done.out)
      .to.contain("class a100 is configured as timeSlicing, and n is whole")
      .and.contain("class h100: no node has the label gpu.nvidia.com/class=h100");
  });
});
