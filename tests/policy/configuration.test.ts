import { expect } from "chai";
import { configurationOf, levelIn, pageOf, settingNames, type Configuration } from "../../policy/src/configuration";
import { InputError } from "../../policy/src/input";
import { partsOf, settingsOfPlatform } from "../../policy/src/platformConfiguration";
import { containerPolicy } from "../../policy/src/policy";
import { configurationFrom, stackFrom } from "../../policy/src/pulumi/environment";
import { defaultSettings } from "../../policy/src/settings";
import { plain, type Fields } from "../../policy/src/values";
import { migGpus } from "../../stacks/serving/mig";
import { partsOf as partsOfGpu } from "../../stacks/gpu";

const common = { number: 1, title: "t", why: "w", fix: "f", group: "gpu", severity: "medium", controls: {}, check: () => [] } as const;
const policies = [
  containerPolicy({
    ...common,
    name: "gpu-maximum",
    parameters: {
      perPod: { type: "integer", description: "d", default: 8, minimum: 1 },
      ratio: { type: "number", description: "d", default: 0.5 },
      kinds: { type: "strings", description: "d", default: [] },
      label: { type: "string", description: "d", default: "a" },
      strict: { type: "boolean", description: "d", default: false },
    },
  }),
  containerPolicy({ ...common, name: "probes" }),
];
const read = (own: unknown, files: Readonly<Record<string, unknown>> = {}): Configuration =>
  configurationOf({ own: plain(own) as Fields, prefix: "p:", readExemptions: (path) => plain(files[path]) }, policies);
const problemsOf = (work: () => unknown): readonly string[] => {
  try {
    work();
  } catch (error) {
    if (error instanceof InputError) return error.problems;
    throw error;
  }
  return [];
};

describe("settings", () => {
  it("are the defaults, the strictest, where nothing is said", () => {
    expect(read({}).settings).to.deep.equal(defaultSettings);
    expect(read({ environment: null }).settings.environment).to.equal("production");
  });

  it("are the pack's own, else what the platform's configuration says", () => {
    const derived = { environment: "dev", platform: "openshift" } as const;
    const { settings } = configurationOf({ own: { platform: "kubernetes" }, derived, readExemptions: () => undefined }, policies);
    expect([settings.environment, settings.platform]).to.deep.equal(["dev", "kubernetes"]);
  });

  it("tell all that is wrong with them at once, and what was meant", () => {
    expect(
      problemsOf(() =>
        read({
          enviroment: "dev",
          environment: "prod",
          platform: 1,
          layers: ["chat", "chats"],
          gpuResources: "nvidia.com/gpu",
          registries: [""],
          licences: [1],
          nodeGpus: { "nvidia.com/gpu": -1 },
          gpuSharing: { "nvidia.com/gpu": "slices" },
          kubernetesVersion: 1.33,
          pages: 1,
        }),
      ).map((line) => line.replace(/; allowed: environment.*kubernetesVersion[^;]*/, "")),
    ).to.deep.equal([
      'p:enviroment: no such setting; did you mean "environment"?',
      'p:environment: "prod"; allowed: dev, staging, production',
      "p:platform: 1; allowed: openshift, kubernetes",
      'p:layers: ["chat","chats"]; allowed: a list of foundation, gpu, serving, builds, observability, exposure, data, gateway, chat, mcp, workspaces, registry, pipelines, recovery',
      'p:gpuResources: "nvidia.com/gpu"; allowed: a list of texts, none of them empty',
      'p:nodeGpus: {"nvidia.com/gpu":-1}; allowed: a map of resource names to numbers of GPUs, 0 or more',
      'p:gpuSharing: {"nvidia.com/gpu":"slices"}; allowed: a map of resource names to whole, timeSlicing or mig',
      'p:registries: [""]; allowed: a list of texts, none of them empty',
      "p:licences: [1]; allowed: a list of texts, none of them empty",
      'p:kubernetesVersion: 1.33; allowed: major.minor as a text, e.g. "1.33"',
      "p:pages: 1; allowed: a folder or an address",
    ]);
  });

  it("have each a name that is checked", () => {
    for (const name of Object.keys(defaultSettings)) expect(settingNames, name).to.include(name);
  });
});

describe("parameters and levels", () => {
  it("are taken where they fit", () => {
    const parameters = { "gpu-maximum": { perPod: 1, ratio: 0.1, kinds: ["a"], label: "", strict: true } };
    expect(read({ parameters }).parameters).to.deep.equal(plain(parameters));
    const levels = read({ environment: "dev", levels: { probes: "disabled" } });
    expect(policies.map((policy) => levelIn(policy, levels))).to.deep.equal(["advisory", "disabled"]);
    expect(policies.map((policy) => levelIn(policy, read({})))).to.deep.equal(["mandatory", "mandatory"]);
  });

  it("are refused with what is allowed", () => {
    expect(
      problemsOf(() =>
        read({
          parameters: { "gpu-maximum": { perPod: 0, ratio: "1", kinds: "a", label: 1, strict: "yes", perPods: 2 }, prob: {}, probes: { a: 1 } },
          levels: { probes: "mandatry", proves: "advisory" },
        }),
      ),
    ).to.deep.equal([
      "p:parameters.gpu-maximum.perPod: 0; allowed: a whole number of at least 1",
      'p:parameters.gpu-maximum.ratio: "1"; allowed: a number',
      'p:parameters.gpu-maximum.kinds: "a"; allowed: a list of texts',
      "p:parameters.gpu-maximum.label: 1; allowed: a text",
      'p:parameters.gpu-maximum.strict: "yes"; allowed: true or false',
      'p:parameters.gpu-maximum.perPods: no such parameter; allowed: perPod, ratio, kinds, label, strict; did you mean "perPod"?',
      'p:parameters.prob: no such policy; openshift-ai-policy list shows all; did you mean "probes"?',
      "p:parameters.probes.a: no such parameter; allowed: it has none",
      'p:levels.probes: "mandatry"; allowed: advisory, mandatory, disabled; did you mean "mandatory"?',
      'p:levels.proves: no such policy; openshift-ai-policy list shows all; did you mean "probes"?',
    ]);
    expect(problemsOf(() => read({ parameters: [], levels: "all", exemptions: 1 }))).to.have.length(3);
    expect(problemsOf(() => read({ parameters: { "gpu-maximum": { perPod: 1.5 } } }))).to.deep.equal(['p:parameters.gpu-maximum.perPod: 1.5; allowed: a whole number of at least 1']); // prettier-ignore
  });

  it("come with exemptions, in place or in a file", () => {
    const one = { policy: "probes", resource: "*", reason: "r", owner: "o", expires: "2030-01-01" };
    expect(read({ exemptions: [one] }).exemptions).to.have.length(1);
    expect(read({ exemptions: "file.yaml" }, { "file.yaml": { exemptions: [one] } }).exemptions).to.have.length(1);
    expect(problemsOf(() => read({ exemptions: "file.yaml" }, { "file.yaml": [{ ...one, policy: "x" }] }))[0]).to.match(/^file\.yaml\[0\]\.policy: "x"/);
  });

  it("point to pages where they are kept", () => {
    expect(pageOf("probes", read({}))).to.equal("docs/policies/probes.md");
    expect(pageOf("probes", read({ pages: "https://git.example.com/policies/" }))).to.equal("https://git.example.com/policies/probes.md");
  });
});

describe("what the platform's configuration says", () => {
  const of = (config: unknown) => settingsOfPlatform(plain(config) as Fields);

  it("is the environment, the platform, the mirror and the licences", () => {
    expect(
      of({ environment: "development", platform: "openshift", registry: { mirror: "registry.example.com/mirror" }, serving: { licences: ["MIT"] } }),
    ).to.deep.equal({
      environment: "dev",
      platform: "openshift",
      registries: ["registry.example.com/mirror", "localhost/openshift-ai-platform"],
      licences: ["MIT"],
    });
  });

  it("is passed over where it is nothing of the kind", () => {
    expect(of({})).to.deep.equal({});
    expect(of({ environment: "test", platform: 1, registry: [], serving: "x", cluster: { nodes: [null, 1, { gpus: "4" }] } })).to.deep.equal({});
  });

  it("is how many GPUs the machines have, and how these are shared", () => {
    const gpu = (sharing?: object) => ({ class: "a", memory: "80Gi", ...(sharing ? { sharing } : {}) });
    expect(
      of({
        cluster: {
          gpuResource: "nvidia.com/mig-1g.10gb",
          nodes: [
            { count: 3, gpus: 4, gpu: gpu() },
            { count: 1, gpus: 2, gpu: gpu({ kind: "whole" }) },
            { count: 2, gpus: 4, gpu: gpu({ kind: "timeSlicing", replicas: 4 }) },
            { count: 1, gpus: 1, gpu: gpu({ kind: "mig", strategy: "mixed", profile: "3g.40gb" }) },
            { count: 1, gpus: 7 },
            { count: 5 },
          ],
        },
      }),
    ).to.deep.equal({
      nodeGpus: { "nvidia.com/gpu": 14, "nvidia.com/gpu.shared": 32, "nvidia.com/mig-3g.40gb": 2, "nvidia.com/mig-1g.10gb": 7 },
      gpuSharing: { "nvidia.com/gpu": "whole", "nvidia.com/gpu.shared": "timeSlicing", "nvidia.com/mig-3g.40gb": "mig", "nvidia.com/mig-1g.10gb": "mig" },
    });
    expect(of({ cluster: { nodes: [{ count: 1, gpus: 1, gpu: gpu({ kind: "mig", strategy: "single", profile: "1g.10gb" }) }] } })).to.deep.equal({
      nodeGpus: { "nvidia.com/gpu": 7 },
      gpuSharing: { "nvidia.com/gpu": "mig" },
    });
  });

  it("cuts GPUs into as many instances as the platform itself reckons", () => {
    for (const { gigabytes, profiles } of migGpus)
      for (const profile of Object.keys(profiles)) {
        const memory = `${gigabytes}Gi` as const;
        const sharing = { kind: "mig", strategy: "mixed", profile } as const;
        expect(partsOf("mig", { profile }, memory), `${profile} of ${memory}`).to.equal(partsOfGpu({ class: "a", memory, sharing }));
      }
  });
});

describe("what the engine tells of the stack", () => {
  it("is texts, and JSON where a setting is a list or a map", () => {
    const config = new Map([
      ["openshift-ai-policy:environment", "staging"],
      ["openshift-ai-policy:registries", '["quay.io"]'],
      ["openshift-ai-policy:kubernetesVersion", "1.30"],
      ["openshift-ai-platform:platform", "openshift"],
      ["openshift-ai-platform:cluster", '{"nodes":[{"count":1,"gpus":2}]}'],
      ["other:registries", "x"],
    ]);
    const { settings } = configurationFrom(config, policies);
    expect(settings).to.deep.equal({ ...defaultSettings, environment: "staging", registries: ["quay.io"], kubernetesVersion: "1.30", platform: "openshift", nodeGpus: { "nvidia.com/gpu": 2 }, gpuSharing: { "nvidia.com/gpu": "whole" } }); // prettier-ignore
    expect(problemsOf(() => configurationFrom(new Map([["openshift-ai-policy:registries", "[quay.io"]]), policies))).to.deep.equal([
      'openshift-ai-policy:registries: "[quay.io"; allowed: a list of texts, none of them empty',
    ]);
  });

  it("is in the environment of older engines", () => {
    expect([...stackFrom({ PULUMI_STACK: "dev", PULUMI_CONFIG: '{"a:b":"c"}' }).config]).to.deep.equal([["a:b", "c"]]);
    expect(stackFrom({}).stack).to.equal("stack");
    expect(problemsOf(() => stackFrom({ PULUMI_CONFIG: "{" }))).to.have.length(1);
  });
});
