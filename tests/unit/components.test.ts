import { expect } from "chai";
import { labelsOf, ownerLabel, ownerOf } from "../../components/common/labels";
import { dnsLabel, labelValue, shortHash } from "../../components/common/names";
import { profileOf } from "../../components/common/platform";
import { networkPolicies } from "../../components/foundation/networkPolicies";
import { canSurge, Platform } from "../../components/platform";
import { jobName, sourceVersion } from "../../components/serving/modelLoader";
import { manifestPath } from "../../components/serving/modelNames";
import { loaderEnv, serverEnv } from "../../components/serving/ollamaEnv";
import { connections } from "../../stacks/connections";
import { sizings } from "../../stacks/sizing";
import { config, digest, pools, reference, tiny, type Fields } from "./support/config";
import { deploy, type Deployed } from "./support/mocks";
import { ollamaVariables } from "./support/ollama";
import { containersOf, podTemplates, violations } from "./support/pods";

const owner = "openshift-ai-platform.dev";
const pulled = { name: "codellama:7b-v1.0-base", source: { kind: "registry", name: "codellama:7b-code", digest } };
const fromImage = { name: tiny, source: { kind: "image", image: "tiny-model", path: "/models/tiny" } };

function platform(fields: Fields = {}): Promise<Deployed> {
  return deploy((opts) => new Platform("platform", { config: config(fields), images: reference, owner }, opts));
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
const metadata = (inputs: Readonly<Record<string, unknown>>) => inputs.metadata as Metadata;

for (const name of ["openshift", "kubernetes"] as const) {
  describe(`the platform on ${name}`, () => {
    let made: Deployed;
    before(async () => {
      made = await platform({ platform: name });
    });

    it("consists of these objects and no others", () => {
      expect(made.counts()).to.deep.equal({
        Platform: 1,
        Project: 1,
        Namespace: 1,
        ResourceQuota: 1,
        LimitRange: 1,
        NetworkPolicy: 2,
        ModelStore: 1,
        PersistentVolumeClaim: 1,
        ConfigMap: 1,
        ServiceAccount: 2,
        Job: 1,
        ModelPool: 1,
        Workload: 1,
        Deployment: 1,
        Service: 1,
        SmokeCheck: 1,
        Command: 1,
      });
    });

    it("makes nothing that is public, and no secret", () => {
      expect(made.resources.filter(({ type }) => /Route|Ingress|Gateway|Secret|ClusterRole|RoleBinding/.test(type))).to.deep.equal([]);
      expect(made.one("Service").inputs).to.have.nested.property("spec.type", "ClusterIP");
    });

    it("labels every object with its owner and the recommended labels", () => {
      for (const { type, inputs } of made.resources.filter((resource) => resource.type.startsWith("kubernetes:"))) {
        expect(metadata(inputs).labels, type).to.include({
          [ownerLabel]: owner,
          "app.kubernetes.io/part-of": "openshift-ai-platform",
          "app.kubernetes.io/managed-by": "pulumi",
        });
        expect(metadata(inputs).labels, type).to.include.keys("app.kubernetes.io/name", "app.kubernetes.io/component", "app.kubernetes.io/instance");
        for (const value of Object.values(metadata(inputs).labels)) expect(value).to.match(/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/);
      }
    });

    it("gives every object an explicit name, in the project", () => {
      for (const { type, inputs } of made.resources.filter((resource) => resource.type.startsWith("kubernetes:"))) {
        expect(metadata(inputs).name, type).to.match(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
        expect(metadata(inputs).namespace, type).to.equal(type.endsWith(":Namespace") ? undefined : "ai-development");
      }
    });

    it("runs nothing that the restricted Pod Security Standard refuses", () => {
      const templates = podTemplates(made);
      expect(templates.map(([of]) => of.split(" ")[0])).to.have.members(["Job", "Deployment"]);
      for (const [of, template] of templates) expect(violations(template), of).to.deep.equal([]);
    });

    it("labels all pods with their owner", () => {
      for (const [of, template] of podTemplates(made)) expect(template.metadata.labels, of).to.include({ [ownerLabel]: owner });
    });

    it(name === "openshift" ? "leaves the user of pods to the platform" : "runs pods under a numeric user", () => {
      for (const [, { spec }] of podTemplates(made)) {
        const { runAsUser, runAsGroup, fsGroup } = spec.securityContext ?? {};
        expect([runAsUser, runAsGroup, fsGroup]).to.deep.equal(name === "openshift" ? [undefined, undefined, undefined] : [10001, 10001, 10001]);
      }
    });

    it("holds the project to the restricted standard, at a pinned version", () => {
      const { labels } = metadata(made.one("Namespace").inputs);
      for (const mode of ["enforce", "audit", "warn"]) {
        expect(labels).to.include({ [`pod-security.kubernetes.io/${mode}`]: "restricted", [`pod-security.kubernetes.io/${mode}-version`]: "v1.36" });
      }
      expect(labels["security.openshift.io/scc.podSecurityLabelSync"]).to.equal(name === "openshift" ? "false" : undefined);
    });
  });
}

describe("resources of the platform", () => {
  let made: Deployed;
  before(async () => {
    made = await platform();
  });

  it("hang together as layer, component, object", () => {
    const top = "openshift-ai-platform:platform:Platform";
    const project = `${top}$openshift-ai-platform:foundation:Project`;
    const store = `${top}$openshift-ai-platform:serving:ModelStore`;
    const pool = `${top}$openshift-ai-platform:serving:ModelPool`;
    const workload = `${pool}$openshift-ai-platform:common:Workload`;
    const smoke = `${top}$openshift-ai-platform:smoke:SmokeCheck`;
    expect([...new Set(made.resources.map(({ chain }) => chain))].sort()).to.deep.equal(
      [
        top,
        project,
        `${project}$kubernetes:core/v1:Namespace`,
        `${project}$kubernetes:core/v1:ResourceQuota`,
        `${project}$kubernetes:core/v1:LimitRange`,
        `${project}$kubernetes:networking.k8s.io/v1:NetworkPolicy`,
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
      ].sort(),
    );
  });

  it("keep their logical names, by which the state knows them", () => {
    const version = sourceVersion(tiny, { kind: "image", reference: reference("tiny-model"), path: "/models/tiny" });
    expect(made.resources.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)).to.have.members([
      "Platform platform",
      "Project ai-development",
      "Namespace ai-development",
      "ResourceQuota ai-development-quota",
      "LimitRange ai-development-limits",
      "NetworkPolicy ai-development-default-deny",
      "NetworkPolicy ai-development-model-server-ollama",
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

  it("count GPUs under the only name that a quota counts", () => {
    expect(made.one("ResourceQuota").inputs).to.have.deep.nested.property("spec.hard", {
      "requests.cpu": "1600m",
      "requests.memory": "14Gi",
      "limits.memory": "24Gi",
      "requests.storage": "50Gi",
      persistentvolumeclaims: "20",
      pods: "50",
      "requests.nvidia.com/gpu": "4",
    });
  });

  it("answer at port 11434 of the Service ollama, port http", () => {
    const { spec } = made.one("Service").inputs as { spec: { ports: unknown; selector: Record<string, string> } };
    expect(spec.ports).to.deep.equal([{ name: "http", port: 11434, targetPort: "http", protocol: "TCP" }]);
    expect(podTemplates(made).find(([of]) => of.startsWith("Deployment"))?.[1].metadata.labels).to.include(spec.selector);
  });
});

describe("a model server", () => {
  async function server(fields: Fields = {}) {
    const made = await platform(fields);
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
    expect(two.template.spec.topologySpreadConstraints).to.have.length(1);
  });

  it("is added before one is taken away where the quota and the volume allow it", () => {
    const many = { storage: { models: { accessMode: "ReadWriteMany" } } };
    const surge = (fields: Fields) => {
      const stack = config(fields);
      const [pool] = stack.serving.pools;
      return pool && canSurge(pool, stack, sizings[stack.sizing]);
    };
    expect(surge({ ...many, ...pools({ replicas: 3 }) })).to.equal(true);
    expect(surge({ ...many, ...pools({ replicas: 4 }) })).to.equal(false);
    expect(surge(pools({ replicas: 3 }))).to.equal(false);
  });
});

describe("a model loader", () => {
  async function job(model: typeof fromImage | typeof pulled) {
    const made = await platform({ models: [model], ...pools({ models: [model.name] }) });
    const { inputs } = made.one("Job");
    const template = podTemplates(made).find(([of]) => of.startsWith("Job"))?.[1];
    const container = template && containersOf(template)[0];
    if (!container) throw new Error("no container");
    return { made, inputs, template, container, env: Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value])) };
  }

  it("takes a model from an image, mounted as a volume", async () => {
    const { template, env } = await job(fromImage);
    expect(template.spec.volumes).to.deep.include({ name: "source", image: { reference: reference("tiny-model"), pullPolicy: "IfNotPresent" } });
    expect(env).to.include({ MODEL: tiny, MANIFEST: "registry.ollama.ai/library/tiny/0.1m-v1.0-random", SOURCE_DIR: "/source/models/tiny" });
  });

  it("takes a model from a registry by the digest of its manifest", async () => {
    const { template, env, made } = await job(pulled);
    expect(template.spec.volumes?.some((volume) => "image" in volume)).to.equal(false);
    expect(env).to.include({
      MODEL: pulled.name,
      SOURCE_NAME: "codellama:7b-code",
      SOURCE_MANIFEST: "registry.ollama.ai/library/codellama/7b-code",
      SOURCE_DIGEST: digest,
    });
    expect(made.all("NetworkPolicy").map(({ inputs }) => metadata(inputs).name)).to.include("model-loader-registry");
  });

  it("is bound to loopback, uses no GPU and writes the store", async () => {
    const { container, env } = await job(fromImage);
    expect(env.OLLAMA_HOST).to.equal("127.0.0.1:11434");
    expect(container.resources?.limits).not.to.have.property("nvidia.com/gpu");
    expect(container.volumeMounts?.find(({ mountPath }) => mountPath === "/models")?.readOnly).to.equal(undefined);
  });

  it("gives up after its deadline, after some tries, and at once when trying again can't help; then it can be replaced", async () => {
    const { inputs, template } = await job(fromImage);
    expect(inputs).to.have.nested.property("spec.activeDeadlineSeconds", 3600);
    expect(inputs).to.have.nested.property("spec.backoffLimit", 4);
    expect(inputs).to.have.deep.nested.property("spec.podFailurePolicy.rules", [
      { action: "FailJob", onExitCodes: { containerName: "loader", operator: "In", values: [64] } },
    ]);
    expect(template.spec.restartPolicy).to.equal("Never");
    expect(metadata(inputs).annotations).to.include({ "pulumi.com/replaceUnready": "true", "openshift-ai-platform/model": tiny });
  });

  it("is another one for another source, and the same for the same", () => {
    const source = { kind: "registry", name: "codellama:7b-code", digest } as const;
    const version = sourceVersion(tiny, source);
    expect(sourceVersion(tiny, { ...source })).to.equal(version);
    expect(sourceVersion(tiny, { ...source, digest: `sha256:${"b".repeat(64)}` })).not.to.equal(version);
    expect(jobName(tiny, version)).to.equal(`load-tiny-0-1m-v1-0-random-${version}`);
    expect(jobName(`${"a".repeat(79)}:${"b".repeat(79)}`, version)).to.have.length.within(20, 63);
  });
});

describe("the smoke check", () => {
  it("asks through the context of the configuration, with paths and names only", async () => {
    const { inputs } = (await platform()).one("Command");
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
    const triggers = async (fields: Fields) => (await platform(fields)).one("Command").inputs.triggers;
    const before = await triggers({});
    expect(await triggers({})).to.deep.equal(before);
    expect(await triggers(pools({ parallel: 2 }))).not.to.deep.equal(before);
    expect(await triggers({ models: [{ ...fromImage, source: { ...fromImage.source, path: "/other" } }] })).not.to.deep.equal(before);
  });

  it("is left out where nodes are simulated", async () => {
    expect((await platform({ smokeCheck: false })).counts()).not.to.have.any.keys("SmokeCheck", "Command");
  });
});

describe("network policies", () => {
  const addresses = ["198.18.0.2/32"];
  const table = connections(config({ models: [fromImage, pulled] }));

  it("deny everything to everyone first", () => {
    expect(networkPolicies([], { profile: profileOf("kubernetes"), apiServerAddresses: addresses })).to.deep.equal([
      { name: "default-deny", group: undefined, spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
    ]);
  });

  it("let the API server's proxy reach a pool on its pods' port, and let a pool reach nobody", () => {
    const [, server] = networkPolicies(table, { profile: profileOf("kubernetes"), apiServerAddresses: addresses });
    expect(server?.spec).to.deep.equal({
      podSelector: { matchLabels: { "app.kubernetes.io/component": "model-server", "app.kubernetes.io/instance": "ollama" } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [{ ipBlock: { cidr: "198.18.0.2/32" } }], ports: [{ protocol: "TCP", port: 11434 }] }],
    });
  });

  for (const [platformName, port, namespace] of [
    ["kubernetes", 53, "kube-system"],
    ["openshift", 5353, "openshift-dns"],
  ] as const) {
    it(`let loaders that pull ask the DNS pods of ${platformName} on the port where these listen, and reach port 443 outside the site`, () => {
      const loader = networkPolicies(table, { profile: profileOf(platformName), apiServerAddresses: addresses })[2];
      expect(loader?.spec).not.to.have.property("ingress");
      const [dns, internet] = loader?.spec.egress as { to: Record<string, unknown>[]; ports: unknown }[];
      expect(dns?.ports).to.deep.equal([
        { protocol: "UDP", port },
        { protocol: "TCP", port },
      ]);
      expect(dns?.to).to.have.nested.property("[0].namespaceSelector.matchLabels").that.deep.equals({ "kubernetes.io/metadata.name": namespace });
      expect(internet?.ports).to.deep.equal([{ protocol: "TCP", port: 443 }]);
      expect(internet?.to).to.have.deep.nested.property("[0].ipBlock.except").that.includes("10.0.0.0/8");
    });
  }

  it("know the API server on OpenShift by the label of the host network, too", () => {
    const [, server] = networkPolicies(table, { profile: profileOf("openshift"), apiServerAddresses: addresses });
    expect(server?.spec.ingress).to.have.deep.nested.property("[0].from", [
      { namespaceSelector: { matchLabels: { "policy-group.network.openshift.io/host-network": "" } } },
      { ipBlock: { cidr: "198.18.0.2/32" } },
    ]);
  });
});

describe("names", () => {
  it("that are labels already stay as they are", () => {
    expect(dnsLabel("load", "tiny")).to.equal("load-tiny");
    expect(labelValue("openshift-ai-platform.dev")).to.equal("openshift-ai-platform.dev");
  });

  it("that had to change differ where the originals did", () => {
    expect(dnsLabel("a_b")).to.match(/^a-b-[0-9a-f]{8}$/);
    expect(new Set(["a_b", "a.b", "a-b", "A-B"].map((name) => dnsLabel(name))).size).to.equal(4);
    expect(labelValue("tiny:1")).to.match(/^tiny-1-[0-9a-f]{8}$/);
  });

  it("are labels whatever they come from", () => {
    let seed = 7;
    const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
    for (let i = 0; i < 500; i++) {
      const text = Array.from({ length: random(100) + 1 }, () => String.fromCharCode(32 + random(200))).join("");
      expect(dnsLabel(text), text).to.match(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
      expect(labelValue(text), text).to.match(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
    }
  });

  it("are the same for the same content", () => {
    expect(shortHash({ a: 1 }))
      .to.equal(shortHash({ a: 1 }))
      .and.not.equal(shortHash({ a: 2 }));
  });

  it("of owners are the project and the stack", () => {
    expect(ownerOf("openshift-ai-platform", "dev")).to.equal(owner);
    expect(labelsOf(owner, { name: "n", component: "c", instance: "i" })).to.include({ [ownerLabel]: owner });
  });

  it("of models lead to the manifest in the store", () => {
    expect(manifestPath("tiny:0.1m")).to.equal("registry.ollama.ai/library/tiny/0.1m");
    expect(manifestPath("team/tiny:1")).to.equal("registry.ollama.ai/team/tiny/1");
    expect(manifestPath("models.example.com:5000/library/tiny:1")).to.equal("models.example.com:5000/library/tiny/1");
  });
});
