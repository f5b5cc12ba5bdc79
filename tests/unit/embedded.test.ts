import { expect } from "chai";
import { loadConfig } from "../../stacks/load";
import { readImagesLock } from "../../stacks/images";
import type { StackConfig } from "../../stacks/schema";
import { embeddedConfiguration, sharedVolumesOf, type Configuration, type EmbeddedSite } from "../../tools/stack/embedded";
import { entriesOf, trackedConfiguration } from "../../tools/stack/workspace";

const site: EmbeddedSite = {
  flavor: "simulated",
  platform: "kubernetes",
  context: "oap-test",
  kubeconfig: "/clusters/test/kubeconfig",
  apiServerAddresses: ["127.0.0.1/32"],
  imagesLock: undefined,
  share: { node: "node1", path: "/share" },
  guest: false,
  capabilities: {},
};
const real: EmbeddedSite = { ...site, flavor: "real" };

/** As the program reads it. @throws ConfigError */
const load = (config: Configuration): StackConfig => loadConfig(entriesOf(config), "Pulumi.test.yaml", Object.keys(readImagesLock()));

/** All that a site may have and the embedded cluster does not. */
const production = trackedConfiguration("production").config;
const demanding: Configuration = {
  ...production,
  registry: { mirror: "registry.example.com", pullSecret: "registry-pull" },
  registryCredentials: { secure: "v1:encrypted" },
  secrets: { source: "external" },
  images: { lock: "elsewhere.lock", requireDigests: true },
  network: {
    proxy: { url: "http://proxy.example.com:3128", addresses: ["10.0.0.5/32"] },
    noProxy: [".example.com"],
    allowedHosts: ["registry.ollama.ai"],
    promotionTests: true,
  },
  cluster: {
    ...(production.cluster as Configuration),
    kubectl: "/opt/kubectl",
    gpuResource: "nvidia.com/mig-1g.10gb",
    nodeLabels: [{ node: "worker-1", labels: { role: "gpu" } }],
    capabilities: { metrics: true, egressFirewall: true, certManager: true, monitoring: true, volumeSnapshots: true },
  },
};

describe("the configuration on an embedded cluster", () => {
  for (const stack of ["dev", "staging", "production"]) {
    for (const flavor of ["real", "simulated"] as const) {
      for (const platform of ["openshift", "kubernetes"] as const) {
        for (const guest of [false, true]) {
          it(`is a valid one: ${stack}, ${flavor}, ${platform}${guest ? ", on another stack's cluster" : ""}`, () => {
            const config = load(embeddedConfiguration(trackedConfiguration(stack).config, { ...site, flavor, platform, guest }));
            expect(config).to.include({ platform, sizing: flavor === "real" ? "small" : "guide" });
            expect(config.cluster).to.include({ context: "oap-test", kubeconfig: "/clusters/test/kubeconfig", manage: !guest });
          });
        }
      }
    }
  }

  for (const one of [site, real]) {
    it(`asks nothing of a site that is not there, with ${one.flavor} nodes`, () => {
      const config = load(embeddedConfiguration(demanding, one));
      expect(config.registry).to.deep.equal({});
      expect(config.registryCredentials).to.equal(undefined);
      expect(config.secrets.source).to.equal("generated");
      expect(config.images).to.deep.equal({ requireDigests: false });
      expect(config.network).to.deep.include({ noProxy: [], allowedHosts: [], promotionTests: true }).and.not.have.property("proxy");
      expect(config.cluster).to.deep.include({ kubectl: "kubectl", gpuResource: "nvidia.com/gpu", nodeLabels: [] });
      expect(config.cluster.capabilities).to.deep.equal({
        argoRollouts: false,
        builds: "none",
        certManager: false,
        customMetrics: "none",
        egressFirewall: false,
        gatewayApi: true,
        gpuOperator: false,
        metrics: true,
        monitoring: false,
        verticalPodAutoscaler: false,
        volumeSnapshots: true,
      });
    });
  }

  it("keeps the sizes of the file on simulated nodes, and asks no model", () => {
    const config = load(embeddedConfiguration(production, site));
    expect(config.smokeCheck).to.equal(false);
    expect(config.cluster.nodes).to.deep.equal(load(production).cluster.nodes);
    expect(config.serving).to.deep.equal(load(production).serving);
    expect(config.teams).to.deep.equal(load(production).teams);
    expect(config.storage).to.deep.equal(load(production).storage);
  });

  it("is small in real containers: one pod of a pool, volumes that are folders of the node", () => {
    const config = load(embeddedConfiguration(production, { ...real, imagesLock: "/clusters/test/images.lock" }));
    expect(config).to.deep.include({ sizing: "small", quota: {}, smokeCheck: true, images: { lock: "/clusters/test/images.lock", requireDigests: false } });
    expect(config.cluster.nodes).to.deep.equal([]);
    expect(
      config.serving.pools.map(({ replicas, previewReplicas, nodeSelector, scale }) => ({ replicas, previewReplicas, nodeSelector, scale })),
    ).to.deep.equal([{ replicas: 1, previewReplicas: 0, nodeSelector: {}, scale: undefined }]);
    expect(config.storage.classes.kind).to.equal("local");
    expect(config.storage.models).to.deep.equal({ accessMode: "ReadWriteOnce" });
    expect(config.storage.shared?.share).to.deep.equal({ kind: "local", path: "/share", nodeSelector: { "kubernetes.io/hostname": "node1" } });
    expect(config.storage.shared?.volumes.map(({ name, size }) => [name, size])).to.deep.equal([
      ["shared-models", "1Gi"],
      ["datasets", "1Gi"],
      ["workspace", "1Gi"],
    ]);
  });

  it("has what the cluster's add-ons bring, and no alerts on exporters that do not run here", () => {
    const config = load(embeddedConfiguration(demanding, { ...real, capabilities: { monitoring: true } }));
    expect(config.cluster.capabilities).to.include({ monitoring: true, metrics: true, certManager: false });
    expect(config.observability).to.include({ gpuMetrics: false, jobMetrics: false });
  });

  it("lets a pool that is scaled have two pods where the cluster counts requests, and one elsewhere", () => {
    const scales = (customMetrics?: string) =>
      load(
        embeddedConfiguration(production, { ...real, capabilities: customMetrics === undefined ? {} : { customMetrics, monitoring: true } }),
      ).serving.pools.map(({ scale }) => scale && [scale.min, scale.max, scale.cpuPercent]);
    expect([scales("prometheus-adapter"), scales("none"), scales()]).to.deep.equal([[[1, 2, 70]], [undefined], [undefined]]);
  });

  it("keeps pools without GPUs without them", () => {
    const pools = [
      { name: "ollama", models: ["a"], gpusPerReplica: 0 },
      { name: "large", models: ["a"], gpusPerReplica: 8 },
    ];
    const { serving } = embeddedConfiguration({ ...production, serving: { pools } }, real);
    expect((serving as { pools: { gpusPerReplica: number }[] }).pools.map(({ gpusPerReplica }) => gpusPerReplica)).to.deep.equal([0, 1]);
  });

  it("takes the classes of the stack that manages the cluster, and makes none", () => {
    const guest = { ...site, guest: true };
    expect(load(embeddedConfiguration(production, guest)).storage).to.deep.include({ classes: { kind: "existing" } });
    expect(load(embeddedConfiguration(production, guest)).storage.models.class).to.equal("ai-model-storage");
    expect(load(embeddedConfiguration(production, { ...real, guest: true })).storage.classes.kind).to.equal("existing");
  });

  it("manages a cluster of its own, where nobody else does", () => {
    const staging = {
      ...production,
      cluster: { ...(production.cluster as Configuration), manage: false },
      storage: { classes: { kind: "existing" }, models: { class: "theirs", accessMode: "ReadWriteMany" } },
    };
    const config = load(embeddedConfiguration(staging, site));
    expect(config.cluster.manage).to.equal(true);
    expect(config.storage.models.class).to.equal(undefined);
  });

  it("names its shared volumes", () => {
    expect(sharedVolumesOf(production)).to.deep.equal(["shared-models", "datasets", "workspace"]);
    expect(sharedVolumesOf({})).to.deep.equal([]);
  });
});
