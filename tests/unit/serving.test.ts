import { expect } from "chai";
import { jobName, sourceVersion } from "../../components/serving/modelLoader";
import { loaderEnv, serverEnv } from "../../components/serving/ollamaEnv";
import { config, pools, reference, tiny, type Fields } from "./support/config";
import type { Deployed } from "./support/mocks";
import { ollamaVariables } from "./support/ollama";
import { podTemplates, violations } from "./support/pods";
import { fromImage, metadata, serving } from "./support/serving";

for (const name of ["openshift", "kubernetes"] as const) {
  describe(`serving on ${name}`, () => {
    let made: Deployed;
    before(async () => {
      made = await serving({ platform: name });
    });

    it("runs nothing that the restricted Pod Security Standard refuses", () => {
      const templates = podTemplates(made);
      expect(templates.map(([of]) => of.split(" ")[0])).to.have.members(["Job", "Deployment"]);
      for (const [of, template] of templates) expect(violations(template), of).to.deep.equal([]);
    });

    it(name === "openshift" ? "leaves the user of pods to the platform" : "runs pods under a numeric user", () => {
      for (const [, { spec }] of podTemplates(made)) {
        const { runAsUser, runAsGroup, fsGroup } = spec.securityContext ?? {};
        expect([runAsUser, runAsGroup, fsGroup]).to.deep.equal(name === "openshift" ? [undefined, undefined, undefined] : [10001, 10001, 10001]);
      }
    });

    it("lets what answers have room before what loads", () => {
      expect(Object.fromEntries(podTemplates(made).map(([of, { spec }]) => [of.split(" ")[0], spec.priorityClassName]))).to.deep.equal({
        Job: "ai-batch",
        Deployment: "ai-serving",
      });
    });

    it("leaves the volume of models when the stack goes, and nothing else", () => {
      expect(made.resources.filter(({ options }) => options.retainOnDelete).map(({ type }) => type)).to.deep.equal([
        "kubernetes:core/v1:PersistentVolumeClaim",
      ]);
      expect(metadata(made.one("PersistentVolumeClaim").inputs).annotations).to.deep.equal({ "pulumi.com/patchFieldManager": "openshift-ai-platform.dev" });
    });
  });
}

describe("resources of serving", () => {
  let made: Deployed;
  before(async () => {
    made = await serving();
  });

  it("are these and no others, under the logical names by which the state knows them", () => {
    const version = sourceVersion(tiny, { kind: "image", reference: reference("tiny-model"), path: "/models/tiny" });
    expect(made.resources.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)).to.have.members([
      "ModelStore models",
      "PersistentVolumeClaim models",
      "ConfigMap models-scripts",
      "ServiceAccount models-loader",
      `Job models-load-${version}`,
      "ModelPool ollama",
      "Workload ollama",
      "ServiceAccount ollama",
      "Deployment ollama",
      "Service ollama",
      "SmokeCheck smoke-ollama",
      "Command smoke-ollama",
    ]);
  });

  it("hang together as component and object", () => {
    const store = "openshift-ai-platform:serving:ModelStore";
    const pool = "openshift-ai-platform:serving:ModelPool";
    const workload = `${pool}$openshift-ai-platform:common:Workload`;
    const smoke = "openshift-ai-platform:smoke:SmokeCheck";
    expect([...new Set(made.resources.map(({ chain }) => chain))]).to.have.members([
      store,
      `${store}$kubernetes:core/v1:PersistentVolumeClaim`,
      `${store}$kubernetes:core/v1:ConfigMap`,
      `${store}$kubernetes:core/v1:ServiceAccount`,
      `${store}$kubernetes:batch/v1:Job`,
      pool,
      workload,
      `${workload}$kubernetes:core/v1:ServiceAccount`,
      `${workload}$kubernetes:apps/v1:Deployment`,
      `${workload}$kubernetes:core/v1:Service`,
      smoke,
      `${smoke}$command:local:Command`,
    ]);
  });

  it("answer at port 11434 of the Service ollama, port http", () => {
    const { spec } = made.one("Service").inputs as { spec: { ports: unknown; selector: Record<string, string> } };
    expect(spec.ports).to.deep.equal([{ name: "http", port: 11434, targetPort: "http", protocol: "TCP" }]);
    expect(podTemplates(made).find(([of]) => of.startsWith("Deployment"))?.[1].metadata.labels).to.include(spec.selector);
  });
});

describe("a model server", () => {
  async function server(fields: Fields = {}) {
    const made = await serving(fields);
    const template = podTemplates(made).find(([of]) => of === "Deployment ollama")?.[1];
    const container = template?.spec.containers[0];
    if (!template || !container) throw new Error("no Deployment ollama");
    return { made, template, container, env: Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value])) };
  }

  it("is configured by variables that this version of Ollama reads", async () => {
    const { env } = await server();
    const ours = ["MODELS", "LOAD_SECONDS"]; // read by our scripts
    expect(Object.keys(env).filter((name) => !ours.includes(name) && !ollamaVariables.some((known) => known === name))).to.deep.equal([]);
    expect(Object.keys(loaderEnv()).filter((name) => !ollamaVariables.some((known) => known === name))).to.deep.equal([]);
  });

  it("gets each setting of its pool", () => {
    const [pool] = config(
      pools({
        parallel: 2,
        contextLength: 8192,
        keepAlive: "-1",
        loadTimeoutSeconds: 90,
        maxLoadedModels: 2,
        maxQueue: 7,
        kvCacheType: "q8_0",
        origins: ["https://a.example", "https://b.example"],
      }),
    ).serving.pools;
    expect(pool && serverEnv(pool)).to.deep.equal({
      HOME: "/home/ollama",
      OLLAMA_MODELS: "/models",
      OLLAMA_NOPRUNE: "1",
      OLLAMA_NO_CLOUD: "1",
      OLLAMA_HOST: "0.0.0.0:11434",
      OLLAMA_CONTEXT_LENGTH: "8192",
      OLLAMA_NUM_PARALLEL: "2",
      OLLAMA_MAX_LOADED_MODELS: "2",
      OLLAMA_MAX_QUEUE: "7",
      OLLAMA_KEEP_ALIVE: "-1",
      OLLAMA_LOAD_TIMEOUT: "90s",
      OLLAMA_FLASH_ATTENTION: "1",
      OLLAMA_KV_CACHE_TYPE: "q8_0",
      OLLAMA_ORIGINS: "https://a.example,https://b.example",
    });
  });

  it("can't write the store, and can write its home and /tmp", async () => {
    const { template, container } = await server();
    const mount = (path: string) => container.volumeMounts?.find(({ mountPath }) => mountPath === path);
    const volume = (path: string) => template.spec.volumes?.find(({ name }) => name === mount(path)?.name);
    expect(mount("/models")?.readOnly).to.equal(true);
    expect(volume("/models")).to.deep.include({ persistentVolumeClaim: { claimName: "models" } });
    for (const path of ["/home/ollama", "/tmp"]) expect(volume(path)).to.include.keys("emptyDir");
  });

  it("requests and limits its GPUs alike, and tolerates and selects their nodes", async () => {
    const { template, container, env } = await server(pools({ gpusPerReplica: 2, nodeSelector: { "gpu.nvidia.com/class": "A100" } }));
    expect([container.resources?.requests?.["nvidia.com/gpu"], container.resources?.limits?.["nvidia.com/gpu"]]).to.deep.equal(["2", "2"]);
    expect(template.spec.tolerations).to.deep.equal([{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }]);
    expect(template.spec.nodeSelector).to.deep.equal({ "gpu.nvidia.com/class": "A100" });
    expect(env).not.to.have.property("NVIDIA_VISIBLE_DEVICES"); // the device plugin's to set
  });

  it("without GPUs sees none, whatever the image says", async () => {
    const { template, container, env } = await server(pools({ gpusPerReplica: 0 }));
    expect(container.resources?.limits).not.to.have.property("nvidia.com/gpu");
    expect(template.spec).not.to.have.any.keys("tolerations", "nodeSelector");
    expect(env.NVIDIA_VISIBLE_DEVICES).to.equal("void");
  });

  it("is started when every model answered, ready while all are in memory, alive while its API answers", async () => {
    const { container } = await server();
    expect(container.startupProbe).to.deep.equal({
      exec: { command: ["/bin/bash", "/scripts/ready.sh", "start"] },
      periodSeconds: 5,
      failureThreshold: 12,
      timeoutSeconds: 305,
    });
    expect(container.readinessProbe).to.deep.include({ exec: { command: ["/bin/bash", "/scripts/ready.sh"] } });
    expect(container.livenessProbe).to.deep.include({ httpGet: { path: "/api/version", port: "http" } });
  });

  it("leaves the Service before it is stopped", async () => {
    const { template, container } = await server(pools({ drainSeconds: 12 }));
    expect(container.lifecycle?.preStop).to.deep.equal({ sleep: { seconds: 12 } });
    expect(template.spec.terminationGracePeriodSeconds).to.equal(42);
  });

  it("is verified before it starts", async () => {
    const { template } = await server();
    expect(template.spec.initContainers?.map(({ command }) => command)).to.deep.equal([["/bin/bash", "/scripts/verify.sh"]]);
    expect(template.spec.initContainers?.[0]?.env).to.deep.include({
      name: "MODELS",
      value: `${tiny} registry.ollama.ai/library/tiny/0.1m-v1.0-random ${jobName(tiny, sourceVersion(tiny, { kind: "image", reference: reference("tiny-model"), path: "/models/tiny" }))}`,
    });
  });

  it("is replaced when a model or a script changes, and only then", async () => {
    const annotations = async (fields: Fields) => (await server(fields)).template.metadata.annotations ?? {};
    const before = await annotations({});
    expect(before).to.include.keys("openshift-ai-platform/scripts-version", "openshift-ai-platform/models-version");
    expect(await annotations({})).to.deep.equal(before);
    expect(await annotations({ models: [{ ...fromImage, source: { ...fromImage.source, path: "/other" } }] })).not.to.deep.equal(before);
  });

  it("alone has no disruption budget; several have one, and are spread over nodes", async () => {
    const one = await server();
    expect([one.made.all("PodDisruptionBudget").length, one.template.spec.topologySpreadConstraints]).to.deep.equal([0, undefined]);
    const two = await server(pools({ replicas: 2 }));
    expect(two.made.one("PodDisruptionBudget").inputs).to.have.nested.property("spec.maxUnavailable", 1);
    expect(two.template.spec.topologySpreadConstraints).to.have.length(2);
  });

  it("of a pool that is scaled is as many as the autoscaler says", async () => {
    const cluster = { name: "development", context: "ai", apiServerAddresses: ["198.18.0.2/32"], capabilities: { metrics: true } };
    const scaled = { ...pools({ replicas: 2, gpusPerReplica: 0, scale: { min: 2, max: 3 } }), cluster, storage: { models: { accessMode: "ReadWriteMany" } } };
    const { made } = await server(scaled);
    expect(made.one("Deployment").inputs.spec).not.to.have.property("replicas");
    expect(made.one("HorizontalPodAutoscaler").inputs).to.have.nested.property("spec.maxReplicas", 3);
    expect(made.all("PodDisruptionBudget")).to.have.length(1);
  });

  it("is added before one is taken away where there is room", async () => {
    const strategy = async (surge: boolean) => (await serving({}, surge)).one("Deployment").inputs;
    expect(await strategy(true)).to.have.deep.nested.property("spec.strategy.rollingUpdate", { maxSurge: 1, maxUnavailable: 0 });
    expect(await strategy(false)).to.have.deep.nested.property("spec.strategy.rollingUpdate", { maxSurge: 0, maxUnavailable: 1 });
  });
});

describe("the smoke check", () => {
  it("asks through the context of the configuration, with paths and names only", async () => {
    const { inputs } = (await serving()).one("Command");
    expect(inputs.create).to.equal("node components/smoke/check.mjs");
    expect(inputs.environment).to.deep.equal({
      SMOKE_KUBECTL: "kubectl",
      SMOKE_CONTEXT: "ai",
      SMOKE_KUBECONFIG: "/clusters/dev/kubeconfig",
      SMOKE_NAMESPACE: "ai-development",
      SMOKE_SERVICE: "ollama",
      SMOKE_MODELS: tiny,
    });
  });

  it("runs again when the pods or a model change, and only then", async () => {
    const triggers = async (fields: Fields) => (await serving(fields)).one("Command").inputs.triggers;
    const before = await triggers({});
    expect(await triggers({})).to.deep.equal(before);
    expect(await triggers(pools({ parallel: 2 }))).not.to.deep.equal(before);
    expect(await triggers({ models: [{ ...fromImage, source: { ...fromImage.source, path: "/other" } }] })).not.to.deep.equal(before);
  });
});
