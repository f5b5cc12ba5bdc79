import type * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { jobName, sourceVersion } from "../../components/serving/modelLoader";
import { routerEnv, sidecarEnv } from "../../components/serving/modelProxy";
import { loaderEnv, serverEnv } from "../../components/serving/ollamaEnv";
import { holdWarning } from "../../components/serving/poolAnnotations";
import { config, pools, reference, tiny, type Fields } from "./support/config";
import { promiseOf, type Deployed } from "./support/mocks";
import { ollamaVariables } from "./support/ollama";
import { podTemplates, violations, type Container } from "./support/pods";
import { fromImage, metadata, pulled, serving } from "./support/serving";

for (const name of ["openshift", "kubernetes"] as const) {
  describe(`serving on ${name}`, () => {
    let made: Deployed;
    before(async () => {
      made = await serving({ platform: name });
    });

    it("runs nothing that the restricted Pod Security Standard refuses", () => {
      const templates = podTemplates(made);
      expect(templates.map(([of]) => of.split(" ")[0])).to.have.members(["Job", "Deployment", "Deployment"]);
      for (const [of, template] of templates) expect(violations(template), of).to.deep.equal([]);
    });

    it(name === "openshift" ? "leaves the user of pods to the platform" : "runs pods under a numeric user", () => {
      for (const [, { spec }] of podTemplates(made)) {
        const { runAsUser, runAsGroup, fsGroup } = spec.securityContext ?? {};
        expect([runAsUser, runAsGroup, fsGroup]).to.deep.equal(name === "openshift" ? [undefined, undefined, undefined] : [10001, 10001, 10001]);
      }
    });

    it("lets what answers have room before what loads", () => {
      const priorities = podTemplates(made).map(([of, { spec }]) => [of.replace(/^Job .*/, "Job"), spec.priorityClassName]);
      expect(Object.fromEntries(priorities)).to.deep.equal({ Job: "ai-batch", "Deployment ollama": "ai-serving", "Deployment ollama-router": "ai-serving" });
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
      "Service ollama-active",
      "ModelRouter ollama-router",
      "Workload ollama-router",
      "ServiceAccount ollama-router",
      "Deployment ollama-router",
      "Service ollama",
      "SmokeCheck smoke-ollama",
      "Command smoke-ollama",
    ]);
  });

  it("hang together as component and object", () => {
    const store = "openshift-ai-platform:serving:ModelStore";
    const pool = "openshift-ai-platform:serving:ModelPool";
    const workload = `${pool}$openshift-ai-platform:common:Workload`;
    const router = `${pool}$openshift-ai-platform:serving:ModelRouter`;
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
      router,
      ...["", "$kubernetes:core/v1:ServiceAccount", "$kubernetes:apps/v1:Deployment", "$kubernetes:core/v1:Service"].map(
        (child) => `${router}$openshift-ai-platform:common:Workload${child}`,
      ),
      smoke,
      `${smoke}$command:local:Command`,
    ]);
  });

  it("answer at port 11434 of the Service ollama, which is the routers'", () => {
    const spec = specOf(made, "Service", "ollama");
    expect(spec.ports).to.deep.equal([{ name: "http", port: 11434, targetPort: "http", protocol: "TCP" }]);
    expect(spec).not.to.have.property("clusterIP");
    expect(selected(made, spec)).to.deep.equal(["Deployment ollama-router"]);
  });

  it("are found by the routers through a Service without an address, whose pods are the ready replicas", () => {
    const spec = specOf(made, "Service", "ollama-active");
    expect(spec).to.include({ clusterIP: "None", type: "ClusterIP" }).and.not.to.have.property("publishNotReadyAddresses");
    expect(selected(made, spec)).to.deep.equal(["Deployment ollama"]);
  });

  it("take over the Service that was the replicas' before there were routers", async () => {
    const service = made.all("Service").find(({ name }) => name === "ollama");
    const parents = (service?.options.aliases ?? []).flatMap((alias) => {
      // The SDK's own aliases are of older types, and name no parent.
      const { parent } = alias as { parent?: pulumi.Resource };
      return parent === undefined ? [] : [parent];
    });
    expect(await Promise.all(parents.map(({ urn }) => promiseOf(urn)))).to.deep.equal([
      "urn:pulumi:dev::openshift-ai-platform::openshift-ai-platform:serving:ModelPool$openshift-ai-platform:common:Workload::ollama",
    ]);
  });
});

interface ServiceSpec {
  readonly ports: unknown;
  readonly selector: Readonly<Record<string, string>>;
}
function specOf(made: Deployed, kind: string, name: string): ServiceSpec {
  const found = made.all(kind).find((one) => one.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found.inputs.spec as ServiceSpec;
}
/** Whose pods a Service has. */
function selected(made: Deployed, { selector }: ServiceSpec): readonly string[] {
  return podTemplates(made)
    .filter(
      ([
        ,
        {
          metadata: { labels },
        },
      ]) => Object.entries(selector).every(([key, value]) => labels[key] === value),
    )
    .map(([of]) => of);
}
const variables = ({ env = [] }: Container) => Object.fromEntries(env.map(({ name, value }) => [name, value]));

describe("a model server", () => {
  async function server(fields: Fields = {}) {
    const made = await serving(fields);
    const template = podTemplates(made).find(([of]) => of === "Deployment ollama")?.[1];
    const container = template?.spec.containers[0];
    if (!template || !container) throw new Error("no Deployment ollama");
    const sidecar = template.spec.initContainers?.find(({ restartPolicy }) => restartPolicy === "Always");
    if (!sidecar) throw new Error("no sidecar");
    return { made, template, container, env: variables(container), sidecar };
  }

  it("is configured by variables that this version of Ollama reads", async () => {
    const { env } = await server();
    const ours = ["MODELS", "LOAD_SECONDS"]; // read by our scripts
    expect(Object.keys(env).filter((name) => !ours.includes(name) && !ollamaVariables.some((known) => known === name))).to.deep.equal([]);
    expect(Object.keys(loaderEnv()).filter((name) => !ollamaVariables.some((known) => known === name))).to.deep.equal([]);
  });

  it("gets each setting of its pool", () => {
    const [pool] = config({
      models: [pulled], // its heads can have a quantized cache
      ...pools({
        models: [pulled.name],
        parallel: 2,
        contextLength: 8192,
        keepAlive: "-1",
        loadTimeoutSeconds: 90,
        maxLoadedModels: 2,
        maxQueue: 7,
        kvCacheType: "q8_0",
        origins: ["https://a.example", "https://b.example"],
      }),
    }).serving.pools;
    expect(pool && serverEnv(pool)).to.deep.equal({
      HOME: "/home/ollama",
      OLLAMA_MODELS: "/models",
      OLLAMA_NOPRUNE: "1",
      OLLAMA_NO_CLOUD: "1",
      OLLAMA_HOST: "127.0.0.1:11435",
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
    for (const one of template.spec.initContainers ?? []) expect(one.resources?.limits, one.name).not.to.have.property("nvidia.com/gpu");
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
    expect(container.livenessProbe).to.deep.include({ exec: { command: ["/bin/bash", "/scripts/alive.sh"] } });
  });

  it("is behind a sidecar in the same pod: nothing but the sidecar listens where others reach it", async () => {
    const { container, sidecar, env } = await server();
    expect(env.OLLAMA_HOST).to.equal("127.0.0.1:11435");
    expect(container).not.to.have.property("ports");
    expect(sidecar.command).to.deep.equal(["/usr/bin/model-proxy", "sidecar"]);
    expect(sidecar.ports).to.deep.equal([
      { name: "http", containerPort: 11434, protocol: "TCP" },
      { name: "metrics", containerPort: 9464, protocol: "TCP" },
    ]);
    expect(variables(sidecar).MODEL_PROXY_UPSTREAM).to.equal(`http://${env.OLLAMA_HOST}`);
  });

  it("is asked for no more at a time than it answers, and for its models by name", () => {
    expect(sidecarEnv({ parallel: 4, maxQueue: 7, drainSeconds: 12 }, [tiny, "other:1b-v1.0-a"])).to.deep.equal({
      MODEL_PROXY_UPSTREAM: "http://127.0.0.1:11435",
      MODEL_PROXY_LISTEN: ":11434",
      MODEL_PROXY_METRICS_LISTEN: ":9464",
      MODEL_PROXY_ADMIN_LISTEN: "127.0.0.1:9465",
      MODEL_PROXY_MODELS: `${tiny},other:1b-v1.0-a`,
      MODEL_PROXY_SLOTS: "8",
      MODEL_PROXY_QUEUE: "7",
      MODEL_PROXY_DRAIN_SECONDS: "12",
    });
  });

  it("has a sidecar that starts before it, is stopped after it, and is ready until it drains", async () => {
    const { template, sidecar } = await server();
    expect(template.spec.initContainers?.map(({ name, restartPolicy }) => [name, restartPolicy])).to.deep.equal([
      ["verify-models", undefined],
      ["sidecar", "Always"],
    ]);
    const probed = (path: string) => ({ httpGet: { path, port: "metrics" } });
    expect(sidecar.startupProbe).to.deep.include(probed("/healthz"));
    expect(sidecar.readinessProbe).to.deep.include(probed("/readyz"));
    expect(sidecar.livenessProbe).to.deep.include(probed("/healthz"));
  });

  it("is drained before it is stopped, with time for the streams, and some more", async () => {
    const { template, container, sidecar } = await server(pools({ drainSeconds: 12 }));
    expect(container.lifecycle?.preStop).to.deep.equal({ exec: { command: ["/bin/bash", "/scripts/drain.sh", "9465", "17"] } });
    expect(sidecar).not.to.have.property("lifecycle");
    expect(template.spec.terminationGracePeriodSeconds).to.equal(42);
  });

  it("is verified before it starts", async () => {
    const { template } = await server();
    expect(template.spec.initContainers?.[0]?.command).to.deep.equal(["/bin/bash", "/scripts/verify.sh"]);
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
    expect(specOf(made, "Deployment", "ollama")).not.to.have.property("replicas");
    expect(made.one("HorizontalPodAutoscaler").inputs).to.have.nested.property("spec.maxReplicas", 3);
    expect(made.one("HorizontalPodAutoscaler").inputs).to.have.deep.nested.property("spec.scaleTargetRef", {
      apiVersion: "apps/v1",
      kind: "Deployment",
      name: "ollama",
    });
    expect(made.all("PodDisruptionBudget").map(({ name }) => name)).to.deep.equal(["ollama"]);
  });

  it("is added before one is taken away where there is room", async () => {
    const strategy = async (surge: boolean) => specOf(await serving({}, surge), "Deployment", "ollama");
    expect(await strategy(true)).to.have.deep.nested.property("strategy.rollingUpdate", { maxSurge: 1, maxUnavailable: 0 });
    expect(await strategy(false)).to.have.deep.nested.property("strategy.rollingUpdate", { maxSurge: 0, maxUnavailable: 1 });
  });
});

describe("a router", () => {
  const router = async (fields: Fields = {}) => {
    const made = await serving(fields);
    const template = podTemplates(made).find(([of]) => of === "Deployment ollama-router")?.[1];
    const container = template?.spec.containers[0];
    if (!template || !container) throw new Error("no Deployment ollama-router");
    return { made, template, container };
  };

  it("finds the replicas by their Service's name, and asks each how busy it is", () => {
    expect(routerEnv({ maxQueue: 7, queueSeconds: 50, drainSeconds: 12 }, "ollama-active.ai-production.svc:11434")).to.deep.equal({
      MODEL_PROXY_BACKEND: "ollama-active.ai-production.svc:11434",
      MODEL_PROXY_STATUS_PORT: "9464",
      MODEL_PROXY_LISTEN: ":11434",
      MODEL_PROXY_METRICS_LISTEN: ":9464",
      MODEL_PROXY_QUEUE: "7",
      MODEL_PROXY_QUEUE_SECONDS: "50",
      MODEL_PROXY_DRAIN_SECONDS: "12",
    });
  });

  it("knows them by the namespace that they are in", async () => {
    expect(variables((await router()).container).MODEL_PROXY_BACKEND).to.equal("ollama-active.ai-development.svc:11434");
  });

  it("is added before one is taken away, leaves the Service before it stops, and has time for its streams", async () => {
    const { made, template, container } = await router(pools({ drainSeconds: 12 }));
    expect(specOf(made, "Deployment", "ollama-router")).to.have.deep.nested.property("strategy.rollingUpdate", { maxSurge: 1, maxUnavailable: 0 });
    expect(container.lifecycle?.preStop).to.deep.equal({ sleep: { seconds: 5 } });
    expect(template.spec.terminationGracePeriodSeconds).to.equal(47);
  });

  it("is one of two where there is room, which are spread and not taken away together", async () => {
    const { made, template } = await router({ sizing: "guide" });
    expect(specOf(made, "Deployment", "ollama-router")).to.have.property("replicas", 2);
    expect(made.all("PodDisruptionBudget").map(({ name }) => name)).to.deep.equal(["ollama-router"]);
    expect(template.spec.topologySpreadConstraints).to.have.length(2);
    expect(specOf((await router()).made, "Deployment", "ollama-router")).to.have.property("replicas", 1);
  });

  it("needs no GPU and no place with one", async () => {
    const { template, container } = await router(pools({ gpusPerReplica: 2, nodeSelector: { "gpu.nvidia.com/class": "A100" } }));
    expect(template.spec).not.to.have.any.keys("tolerations", "nodeSelector");
    expect(container.resources?.limits).not.to.have.property("nvidia.com/gpu");
  });
});

describe("a pool under Argo Rollouts", () => {
  const cluster = { name: "development", context: "ai", apiServerAddresses: ["198.18.0.2/32"], capabilities: { argoRollouts: true, metrics: true } };
  const large = { storage: { models: { accessMode: "ReadWriteMany" } }, cluster };

  it("has no pods of its own, and leaves those that it had to who makes the Rollout", async () => {
    const made = await serving({ cluster });
    expect(specOf(made, "Deployment", "ollama")).to.have.property("replicas", 0);
    expect(made.all("Deployment").find(({ name }) => name === "ollama")?.options.ignoreChanges).to.deep.equal(["spec.replicas"]);
    expect((await serving()).all("Deployment").find(({ name }) => name === "ollama")?.options.ignoreChanges).to.deep.equal([]);
  });

  it("has a Service for the replicas that serve, and one for those of a new version", async () => {
    const made = await serving({ cluster });
    expect(made.all("Service").map(({ name }) => name)).to.have.members(["ollama", "ollama-active", "ollama-preview"]);
    for (const name of ["ollama-active", "ollama-preview"]) {
      expect(specOf(made, "Service", name), name).to.have.property("clusterIP", "None");
      expect(metadata(made.all("Service").find((one) => one.name === name)?.inputs ?? {}).annotations, name).to.deep.equal({ "pulumi.com/skipAwait": "true" });
    }
    expect((await serving()).all("Service").map(({ name }) => name)).to.have.members(["ollama", "ollama-active"]);
  });

  it("is scaled by its Rollout", async () => {
    const made = await serving({ ...large, ...pools({ replicas: 2, gpusPerReplica: 0, scale: { min: 2, max: 3 } }) });
    expect(made.one("HorizontalPodAutoscaler").inputs).to.have.deep.nested.property("spec.scaleTargetRef", {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Rollout",
      name: "ollama",
    });
  });

  it("is asked by the smoke check once the rollout has ended, or waits", async () => {
    const made = await serving({ cluster });
    const check = made.all("Command").find(({ name }) => name === "smoke-ollama");
    const waited = [check?.options.dependsOn].flat().map((one) => (one as { readonly __pulumiType?: string }).__pulumiType);
    expect(waited).to.include("openshift-ai-platform:serving:BlueGreen");
  });
});

describe("a pool's Deployment", () => {
  const hold = { revision: "6d4c8f9b75", by: "ann", since: "2026-01-31T12:00:00Z", reason: "slow" };
  const deployment = async (fields: Fields = {}) => {
    const found = (await serving(fields)).all("Deployment").find(({ name }) => name === "ollama");
    if (!found) throw new Error("no Deployment ollama");
    return { annotations: metadata(found.inputs).annotations ?? {}, ignored: found.options.ignoreChanges };
  };

  it("tells the configuration that its pods are made from, which so is kept with each revision", async () => {
    const { annotations } = await deployment(pools({ parallel: 2 }));
    const told = JSON.parse(annotations["openshift-ai-platform/pool"] ?? "") as { pool: unknown; models: unknown };
    expect(told.pool).to.deep.include({ name: "ollama", parallel: 2, models: [tiny] });
    expect(told.models).to.have.deep.nested.property("[0].source", { kind: "image", image: "tiny-model", path: "/models/tiny" });
    expect(told.pool).to.have.property("rollout").that.does.not.have.property("prompts");
    expect(Object.keys(annotations)).to.deep.equal(["openshift-ai-platform/pool"]);
  });

  it("that is held keeps its pods and what they say they are made from, and is left alone by Argo CD", async () => {
    const { annotations, ignored } = await deployment(pools({ parallel: 2, hold }));
    expect(ignored).to.deep.equal(["spec.template", 'metadata.annotations["openshift-ai-platform/pool"]']);
    expect(JSON.parse(annotations["openshift-ai-platform/hold"] ?? "")).to.deep.equal(hold);
    expect(annotations["argocd.argoproj.io/hook"]).to.equal("Skip");
    expect(JSON.parse(annotations["openshift-ai-platform/pool"] ?? ""))
      .to.have.property("pool")
      .that.does.not.have.property("hold");
  });

  it("that is held says so, and how it is released", () => {
    const [held] = config(pools({ hold })).serving.pools;
    expect(held && holdWarning(held))
      .to.include("pool ollama is held at revision 6d4c8f9b75 by ann since 2026-01-31T12:00:00Z: slow.")
      .and.include("Release: aictl hold release ollama");
    const [free] = config().serving.pools;
    expect(free && holdWarning(free)).to.equal(undefined);
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
