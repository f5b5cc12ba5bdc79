/** Every field of the configuration by itself: type, range, unit, form, unknown keys; and what the messages say. */
import { expect } from "chai";
import { ConfigError, loadConfig } from "../../stacks/load";
import { jsonSchemaOf, nearest, typeOf, type JsonSchema } from "../../stacks/problems";
import { schema } from "../../stacks/schema";
import { aboutOf, fieldsOf } from "../../tools/docs/configuration";
import { cluster, config, digest, entries, images, pools, problems, tiny, type Fields } from "./support/config";
import { fullConfigs } from "./support/fullConfig";
import { leafPaths, pathsOf } from "./support/schemaPaths";

const pulled = { name: "codellama:7b-v1.0-base", source: { kind: "registry", name: "codellama:7b-code", digest } };
const source = (fields: Fields) => ({ models: [{ name: tiny, source: { kind: "image", image: "tiny-model", ...fields } }] });
const registry = (fields: Fields) => ({ models: [{ name: tiny, source: { ...pulled.source, ...fields } }] });
const node = (fields: Fields) => cluster({ nodes: [{ name: "gpu", count: 1, cpu: "16", memory: "64Gi", gpus: 1, ...fields }] });
const gpu = (fields: Fields) => node({ gpu: { class: "a100", memory: "80Gi", ...fields } });
const build = (fields: Fields) => ({
  ...cluster({ capabilities: { builds: "openshift" } }),
  builds: [{ name: "team-models", models: [{ name: tiny, folder: "tiny" }], context: { git: { url: "https://git.example.com/a.git" } }, ...fields }],
});
const git = (fields: Fields) => build({ context: { git: { url: "https://git.example.com/a.git", ...fields } } });
const label = (fields: Fields) => cluster({ nodeLabels: [{ node: "worker-1", labels: { a: "b" }, ...fields }] });
const proxy = (fields: Fields) => ({ network: { proxy: { url: "http://proxy:3128", addresses: ["10.0.0.1/32"], ...fields } } });
const aws = (fields: Fields) => ({ storage: { classes: { kind: "aws", fileSystemId: "fs-01234567", ...fields } } });
const share = (fields: Fields, volume: Fields = {}) => ({
  storage: {
    shared: { share: { kind: "nfs", server: "nfs", path: "/ai", ...fields }, volumes: [{ name: "data", size: "1Gi", writer: "platform", ...volume }] },
  },
});
const cephfs = (fields: Fields) => share({ kind: "cephfs", server: undefined, secret: { name: "share", namespace: "ceph" }, ...fields });
const team = (fields: Fields) => ({ teams: [{ name: "ml", group: "ml", quota: { cpu: "1", memory: "1Gi" }, ...fields }] });
const scale = (fields: Fields) => ({ ...cluster({ capabilities: { metrics: true } }), ...pools({ scale: { min: 1, max: 2, ...fields } }) });
const modelWith = (fields: Fields) => ({ models: [{ name: tiny, source: { kind: "image", image: "tiny-model" }, ...fields }] });
const architecture = (fields: Fields) =>
  modelWith({
    architecture: { layers: 2, hiddenSize: 64, feedForward: 128, heads: 4, kvHeads: 4, headDim: 16, vocabulary: 354, context: 512, ...fields },
  });
const prompt = (fields: Fields) =>
  pools({ rollout: { prompts: [{ model: tiny, prompt: "hello", maxTokens: 8, seed: 0, expect: { kind: "contains", text: "a" }, ...fields }] } });
const exposure = (fields: Fields) => ({ network: { exposure: fields } });
const gateway = (fields: Fields) => ({ ...team({ models: [tiny] }), gateway: fields });
const application = (fields: Fields) => gateway({ applications: [{ name: "bot", team: "ml", ...fields }] });
const priced = (fields: Fields) => gateway({ prices: { models: [{ name: tiny, ...fields }] } });
const external = (fields: Fields) => ({ data: { postgres: { kind: "external", host: "db.example.com", addresses: ["10.0.0.1/32"], ...fields } } });
const hold = (fields: Fields) => pools({ hold: { revision: "6d4c8f9b75", by: "ai-operators", since: "2026-01-31T12:00:00Z", reason: "slow", ...fields } });

/** One field is wrong, in a configuration that is fine otherwise. */
const wrong: readonly (readonly [field: string, fields: Fields])[] = [
  ["environment", { environment: "test" }],
  ["environment", { environment: undefined }],
  ["platform", { platform: "openshfit" }],
  ["sizing", { sizing: "big" }],
  ["layers.access", { layers: { access: "yes" } }],
  ["layers.serving", { layers: { serving: 0 } }],
  ["cluster", { cluster: "mine" }],
  ["cluster.name", cluster({ name: "My Cluster" })],
  ["cluster.name", cluster({ name: "a".repeat(41) })],
  ["cluster.name", cluster({ name: "ends-" })],
  ["cluster.context", cluster({ context: "" })],
  ["cluster.context", cluster({ context: undefined })],
  ["cluster.kubeconfig", cluster({ kubeconfig: "apiVersion: v1\nkind: Config" })],
  ["cluster.kubectl", cluster({ kubectl: 1 })],
  ["cluster.apiServerAddresses", cluster({ apiServerAddresses: [] })],
  ["cluster.apiServerAddresses[0]", cluster({ apiServerAddresses: ["10.0.0.300/32"] })],
  ["cluster.apiServerAddresses[0]", cluster({ apiServerAddresses: ["10.0.0.1"] })],
  ["cluster.manage", cluster({ manage: "no" })],
  ...["argoRollouts", "certManager", "egressFirewall", "gatewayApi", "gpuOperator", "metrics", "monitoring", "verticalPodAutoscaler", "volumeSnapshots"].map(
    (name) => [`cluster.capabilities.${name}`, cluster({ capabilities: { [name]: "v1" } })] as const,
  ),
  ["cluster.capabilities.builds", cluster({ capabilities: { builds: "kaniko" } })],
  ["cluster.capabilities.builds", cluster({ capabilities: { builds: true } })],
  ["cluster.capabilities.customMetrics", cluster({ capabilities: { customMetrics: "prometheus" } })],
  ["cluster.gpuOperatorNamespace", cluster({ gpuOperatorNamespace: "GPU" })],
  ["cluster.gpuResource", cluster({ gpuResource: "amd.com/gpu" })],
  ["cluster.nodes[0].name", node({ name: "GPU" })],
  ["cluster.nodes[0].count", node({ count: 0 })],
  ["cluster.nodes[0].cpu", node({ cpu: 16 })],
  ["cluster.nodes[0].cpu", node({ cpu: "16c" })],
  ["cluster.nodes[0].memory", node({ memory: "64G" })],
  ["cluster.nodes[0].gpus", node({ gpus: -1 })],
  ["cluster.nodes[0].gpu.class", gpu({ class: "A 100" })],
  ["cluster.nodes[0].gpu.class", gpu({ class: undefined })],
  ["cluster.nodes[0].gpu.product", gpu({ product: "NVIDIA A100" })],
  ["cluster.nodes[0].gpu.memory", gpu({ memory: "80GB" })],
  ["cluster.nodes[0].gpu.sharing.kind", gpu({ sharing: { kind: "mps" } })],
  ["cluster.nodes[0].gpu.sharing.replicas", gpu({ sharing: { kind: "timeSlicing", replicas: 1 } })],
  ["cluster.nodes[0].gpu.sharing.replicas", gpu({ sharing: { kind: "timeSlicing" } })],
  ["cluster.nodes[0].gpu.sharing.strategy", gpu({ sharing: { kind: "mig", profile: "1g.10gb", strategy: "none" } })],
  ["cluster.nodes[0].gpu.sharing.profile", gpu({ sharing: { kind: "mig", profile: "1g10gb", strategy: "mixed" } })],
  ["cluster.nodes[0].pods", node({ pods: 0 })],
  ["cluster.nodes[0].pods", node({ pods: 2501 })],
  ["cluster.nodeLabels[0].node", label({ node: "Worker 1" })],
  ["cluster.nodeLabels[0].labels", label({ labels: {} })],
  ["cluster.nodeLabels[0].group", label({ group: "GPU machines" })],
  ["cluster.nodeLabels[0].labels.a b", label({ labels: { "a b": "c" } })],
  ["builds[0].name", build({ name: "Team models" })],
  ["builds[0].models", build({ models: [] })],
  ["builds[0].models[0].name", build({ models: [{ name: "tiny", folder: "tiny" }] })],
  ["builds[0].models[0].folder", build({ models: [{ name: tiny, folder: "/tiny" }] })],
  ["builds[0].models[0].folder", build({ models: [{ name: tiny, folder: "a/../../tiny" }] })],
  ["builds[0].base", build({ base: "" })],
  ["builds[0].context.git.url", git({ url: "git@git.example.com:a.git" })],
  ["builds[0].context.git.url", git({ url: "https://me:secret@git.example.com/a.git" })],
  ["builds[0].context.git.ref", git({ ref: "main; rm -rf /" })],
  ["builds[0].context.git.secret", git({ secret: "Git" })],
  ["builds[0].webhook.secret", build({ webhook: { secret: "" } })],
  ["builds[0].output.image", build({ output: { image: "registry.example.com/ai/team:1.0" } })],
  ["builds[0].output.secret", build({ output: { secret: "Push" } })],
  ["builds[0].digest", build({ digest: "sha256:abc" })],
  ["builds[0].cpu", build({ cpu: 1 })],
  ["builds[0].memory", build({ memory: "4GB" })],
  ["builds[0].scratch", build({ scratch: "50" })],
  ["builds[0].minutes", build({ minutes: 0 })],
  ["builds[0].nodeSelector.a b", build({ nodeSelector: { "a b": "c" } })],
  ["images.lock", { images: { lock: "" } }],
  ["images.requireDigests", { images: { requireDigests: "always" } }],
  ["registry.mirror", { registry: { mirror: "https://registry.example.com" } }],
  ["registry.mirror", { registry: { mirror: "registry.example.com/" } }],
  ["registry.pullSecret", { registry: { pullSecret: "Pull Secret" } }],
  ["registryCredentials", { registryCredentials: "user:password" }],
  ["registryCredentials", { registryCredentials: '{"auths": {"broken"' }],
  ["secrets.source", { secrets: { source: "vault" } }],
  ["network.proxy.url", proxy({ url: "proxy.example.com:3128" })],
  ["network.proxy.url", proxy({ url: "http://user:secret@proxy.example.com:3128" })],
  ["network.proxy.url", proxy({ url: "http://proxy.example.com:65536" })],
  ["network.proxy.addresses", proxy({ addresses: [] })],
  ["network.noProxy[0]", { network: { ...proxy({}).network, noProxy: ["a b"] } }],
  ["network.trustedCA", { network: { trustedCA: "/etc/ssl/ca.pem" } }],
  ["network.trustedCA", { network: { trustedCA: "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n" } }],
  ["network.downloads", { network: { downloads: "models" } }],
  ["network.allowedAddresses[0]", { network: { allowedAddresses: ["mirror.example.com"] } }],
  ["network.allowedHosts[0]", { ...cluster({ capabilities: { egressFirewall: true } }), network: { allowedHosts: ["https://registry.ollama.ai"] } }],
  ["network.monitoringNamespace", { network: { monitoringNamespace: "Monitoring" } }],
  ["network.promotionTests", { network: { promotionTests: "production" } }],
  ["quota.cpu", { quota: { cpu: "0" } }],
  ["quota.memory", { quota: { memory: "128GB" } }],
  ["quota.memoryLimit", { quota: { memoryLimit: "0Gi" } }],
  ["quota.gpus", { quota: { gpus: 1.5 } }],
  ["quota.storage", { quota: { storage: "1.5Ti" } }],
  ["capacity.overcommit", { capacity: { overcommit: 0.9 } }],
  ["capacity.overcommit", { capacity: { overcommit: 11 } }],
  ["storage", { storage: [] }],
  ["storage.classes.kind", { storage: { classes: { kind: "ceph" } } }],
  ["storage.classes.namespace", { storage: { classes: { kind: "odf", namespace: "Open Shift" } } }],
  ["storage.classes.pool", { storage: { classes: { kind: "odf", pool: "" } } }],
  ["storage.classes.fileSystem", { storage: { classes: { kind: "odf", fileSystem: 1 } } }],
  ["storage.classes.fileSystemId", aws({ fileSystemId: "0123" })],
  ["storage.classes.kmsKeyId", aws({ kmsKeyId: "" })],
  ["storage.classes.iops", aws({ iops: 2999 })],
  ["storage.classes.throughput", aws({ throughput: 2001 })],
  ["storage.classes.encryption", aws({ encryption: "" })],
  ["storage.classes.provisioner", { storage: { classes: { kind: "local", provisioner: "" } } }],
  ["storage.models.class", { storage: { models: { class: 5 } } }],
  ["storage.models.size", { storage: { models: { size: "500GB" } } }],
  ["storage.models.accessMode", { storage: { models: { accessMode: "RWX" } } }],
  ["storage.shared.share.kind", share({ kind: "smb" })],
  ["storage.shared.share.server", share({ server: "nfs:/export" })],
  ["storage.shared.share.path", share({ path: "export" })],
  ["storage.shared.share.path", share({ path: "/export/" })],
  ["storage.shared.share.driver", cephfs({ driver: "CephFS" })],
  ["storage.shared.share.clusterId", cephfs({ clusterId: "" })],
  ["storage.shared.share.fileSystem", cephfs({ fileSystem: 1 })],
  ["storage.shared.share.secret", cephfs({ secret: undefined })],
  ["storage.shared.share.secret.name", cephfs({ secret: { name: "", namespace: "ceph" } })],
  ["storage.shared.share.secret.namespace", cephfs({ secret: { name: "share", namespace: "Ceph" } })],
  ["storage.shared.share.fileSystemId", share({ kind: "efs", server: undefined, fileSystemId: "nfs" })],
  ["storage.shared.share.nodeSelector", share({ kind: "local", server: undefined, nodeSelector: {} })],
  ["storage.shared.volumes", { storage: { shared: { share: { kind: "nfs", server: "nfs", path: "/ai" }, volumes: [] } } }],
  [
    "storage.shared.encryption",
    {
      storage: { shared: { share: { kind: "nfs", server: "nfs", path: "/ai" }, encryption: "", volumes: [{ name: "data", size: "1Gi", writer: "platform" }] } },
    },
  ],
  ["storage.shared.volumes[0].name", share({}, { name: "Data" })],
  ["storage.shared.volumes[0].size", share({}, { size: "1" })],
  ["storage.shared.volumes[0].writer", share({}, { writer: "" })],
  ["storage.shared.volumes[0].readers[0]", share({}, { readers: ["ML"] })],
  ...["platformAdmins", "operators", "dataScientists", "developers", "viewers"].map((role) => [`access.${role}[0]`, { access: { [role]: ["a b"] } }] as const),
  ["access.viewers[0]", { access: { viewers: ["system:authenticated"] } }],
  ["teams[0].name", team({ name: "Team ML" })],
  ["teams[0].group", team({ group: "system:masters" })],
  ["teams[0].project", team({ project: "m l" })],
  ["teams[0].quota", team({ quota: undefined })],
  ["teams[0].quota.cpu", team({ quota: { cpu: "0.0", memory: "1Gi" } })],
  ["teams[0].quota.memory", team({ quota: { cpu: "1", memory: 1024 } })],
  ["teams[0].quota.gpus", team({ quota: { cpu: "1", memory: "1Gi", gpus: "one" } })],
  ["teams[0].quota.storage", team({ quota: { cpu: "1", memory: "1Gi", storage: "100" } })],
  ["teams[0].models[0]", team({ models: ["tiny"] })],
  ["teams[0].costCentre", team({ costCentre: "R&D" })],
  ["costCentre", { costCentre: "" }],
  ["teams[0].monthlyBudget", team({ monthlyBudget: -1 })],
  ["models", { models: [] }],
  ["models[0].name", { models: [{ name: "tiny", source: pulled.source }] }],
  ["models[0].loadMinutes", { models: [{ name: tiny, loadMinutes: 0, source: pulled.source }] }],
  ["models[0].loadMinutes", { models: [{ name: tiny, loadMinutes: 1441, source: pulled.source }] }],
  ["models[0].source.kind", source({ kind: "http" })],
  ["models[0].source.kind", { models: [{ name: tiny, source: {} }] }],
  ["models[0].source.image", source({ image: 1 })],
  ["models[0].source.path", source({ path: "models" })],
  ["models[0].source.name", registry({ name: "codellama" })],
  ["models[0].source.digest", registry({ digest: "sha256:abc" })],
  ["models[0].quantize", modelWith({ quantize: "Q4_0" })],
  ["models[0].licence", modelWith({ licence: "Apache 2.0" })],
  ["models[0].catalogue", modelWith({ catalogue: "codellama" })],
  ["models[0].quantization", modelWith({ quantization: "q4_K_M" })],
  ["models[0].fileSize", modelWith({ fileSize: "3.8GB" })],
  ["models[0].architecture.family", architecture({ family: "lama" })],
  ...["layers", "hiddenSize", "feedForward", "heads", "kvHeads", "headDim", "vocabulary", "context"].map(
    (name) => [`models[0].architecture.${name}`, architecture({ [name]: 0 })] as const,
  ),
  ["models[0].architecture.layers", architecture({ layers: undefined })],
  ["models[0].architecture.tied", architecture({ tied: "yes" })],
  ["serving", { serving: undefined }],
  ["serving.pools", { serving: { pools: [] } }],
  ["serving.pools[0].name", pools({ name: "Ollama" })],
  ["serving.pools[0].models", pools({ models: [] })],
  ["serving.pools[0].replicas", pools({ replicas: 0 })],
  ["serving.pools[0].replicas", pools({ replicas: 1.5 })],
  ["serving.pools[0].scale.min", scale({ min: 0 })],
  ["serving.pools[0].scale.max", scale({ max: 65 })],
  ["serving.pools[0].scale.max", scale({ max: undefined })],
  ["serving.pools[0].scale.cpuPercent", scale({ cpuPercent: 0.7 })],
  ["serving.pools[0].scale.memoryPercent", scale({ memoryPercent: 101 })],
  ["serving.pools[0].scale.requestsPerReplica", scale({ requestsPerReplica: 0 })],
  ["serving.pools[0].scale.queueWaitSeconds", scale({ queueWaitSeconds: 0.5 })],
  ["serving.pools[0].previewReplicas", pools({ previewReplicas: -1 })],
  ["serving.pools[0].gpuClass", pools({ gpuClass: "A 100" })],
  ["serving.pools[0].gpusPerReplica", pools({ gpusPerReplica: -1 })],
  ["serving.pools[0].gpusPerReplica", pools({ gpusPerReplica: 17 })],
  ["serving.pools[0].nodeSelector.bad key", pools({ nodeSelector: { "bad key": "x" } })],
  ["serving.pools[0].nodeSelector.gpu", pools({ nodeSelector: { gpu: true } })],
  ["serving.pools[0].parallel", pools({ parallel: "four" })],
  ["serving.pools[0].contextLength", pools({ contextLength: 1 })],
  ["serving.pools[0].keepAlive", pools({ keepAlive: "0" })],
  ["serving.pools[0].loadTimeoutSeconds", pools({ loadTimeoutSeconds: 1 })],
  ["serving.pools[0].maxLoadedModels", pools({ maxLoadedModels: 0 })],
  ["serving.pools[0].maxQueue", pools({ maxQueue: 0 })],
  ["serving.pools[0].flashAttention", pools({ flashAttention: "yes" })],
  ["serving.pools[0].kvCacheType", pools({ kvCacheType: "q8" })],
  ["serving.pools[0].origins[0]", pools({ origins: ["*"] })],
  ["serving.pools[0].origins[0]", pools({ origins: ["https://chat.example.com/"] })],
  ["serving.pools[0].drainSeconds", pools({ drainSeconds: 0 })],
  ["serving.pools[0].queueSeconds", pools({ queueSeconds: 0 })],
  ["serving.pools[0].rollout.promotion", pools({ rollout: { promotion: "auto" } })],
  ["serving.pools[0].rollout.analysis.firstTokenSeconds", pools({ rollout: { analysis: { firstTokenSeconds: 0 } } })],
  ["serving.pools[0].rollout.analysis.errorRatio", pools({ rollout: { analysis: { errorRatio: 5 } } })],
  ["serving.pools[0].rollout.analysis.gpuUtilization", pools({ rollout: { analysis: { gpuUtilization: 30 } } })],
  ...["intervalSeconds", "count", "gpuCount"].map(
    (name) => [`serving.pools[0].rollout.analysis.${name}`, pools({ rollout: { analysis: { [name]: 0 } } })] as const,
  ),
  ["serving.pools[0].rollout.scaleDownDelaySeconds", pools({ rollout: { scaleDownDelaySeconds: -1 } })],
  ["serving.pools[0].rollout.prompts[0].model", prompt({ model: "tiny" })],
  ["serving.pools[0].rollout.prompts[0].prompt", prompt({ prompt: "" })],
  ["serving.pools[0].rollout.prompts[0].maxTokens", prompt({ maxTokens: 0 })],
  ["serving.pools[0].rollout.prompts[0].seed", prompt({ seed: -1 })],
  ["serving.pools[0].rollout.prompts[0].expect.kind", prompt({ expect: { kind: "like", text: "a" } })],
  ["serving.pools[0].rollout.prompts[0].expect.text", prompt({ expect: { kind: "exact", text: "" } })],
  ["serving.pools[0].hold.revision", hold({ revision: "1.0" })],
  ["serving.pools[0].hold.by", hold({ by: "" })],
  ["serving.pools[0].hold.since", hold({ since: "yesterday" })],
  ["serving.pools[0].hold.reason", hold({ reason: undefined })],
  ["serving.pools[0].slo.firstTokenSeconds", pools({ slo: { firstTokenSeconds: 0 } })],
  ["serving.pools[0].slo.firstTokenRatio", pools({ slo: { firstTokenRatio: 95 } })],
  ["serving.pools[0].slo.availability", pools({ slo: { availability: 99.5 } })],
  ["serving.licences", { serving: { ...(pools({}).serving as Fields), licences: [] } }],
  ["serving.licences[0]", { serving: { ...(pools({}).serving as Fields), licences: ["any licence"] } }],
  ["observability.runbooks", { observability: { runbooks: "the wiki" } }],
  ["observability.otherProjects", { observability: { otherProjects: "some" } }],
  ["observability.gpuMetrics", { observability: { gpuMetrics: "dcgm" } }],
  ["observability.jobMetrics", { observability: { jobMetrics: 1 } }],
  ["network.exposure.gateway.name", exposure({ gateway: { name: "", namespace: "gateways" } })],
  ["network.exposure.gateway.namespace", exposure({ gateway: { name: "public" } })],
  ["network.exposure.gateway.https", exposure({ gateway: { name: "public", namespace: "gateways", https: "" } })],
  ["network.exposure.gateway.http", exposure({ gateway: { name: "public", namespace: "gateways", http: 80 } })],
  ["network.exposure.gateway.controllerNamespace", exposure({ gateway: { name: "public", namespace: "gateways", controllerNamespace: "A" } })],
  ["network.exposure.certificate.kind", exposure({ certificate: { kind: "self-signed" } })],
  ["network.exposure.certificate.issuer.name", exposure({ certificate: { kind: "cert-manager", issuer: { name: "" } } })],
  ["network.exposure.certificate.issuer.kind", exposure({ certificate: { kind: "cert-manager", issuer: { name: "a", kind: "Vault" } } })],
  ["network.exposure.certificate.name", exposure({ certificate: { kind: "secret", name: "A" } })],
  ["gateway.host", gateway({ host: "https://api.example.com" })],
  ["gateway.replicas", gateway({ replicas: 0 })],
  ["gateway.connections", gateway({ connections: 1 })],
  ["gateway.limits.requestsPerMinute", gateway({ limits: { requestsPerMinute: 0, tokensPerMinute: 1 } })],
  ["gateway.limits.tokensPerMinute", gateway({ limits: { requestsPerMinute: 1 } })],
  ["gateway.maxTokens", gateway({ maxTokens: 0 })],
  ["gateway.maxBody", gateway({ maxBody: "10MB" })],
  ["gateway.usageDays", gateway({ usageDays: 7 })],
  ["gateway.fallbacks[0].model", gateway({ fallbacks: [{ model: "tiny", to: [tiny] }] })],
  ["gateway.fallbacks[0].to", gateway({ fallbacks: [{ model: tiny, to: [] }] })],
  ["gateway.prices.currency", gateway({ prices: { currency: "€" } })],
  ["gateway.prices.gpuHour", gateway({ prices: { gpuHour: -1 } })],
  ["gateway.prices.models[0].name", priced({ name: "tiny" })],
  ["gateway.prices.models[0].inputPerMillion", priced({ inputPerMillion: "cheap" })],
  ["gateway.prices.models[0].outputPerMillion", priced({ outputPerMillion: -1 })],
  ["gateway.applications[0].name", application({ name: "Bot" })],
  ["gateway.applications[0].team", application({ team: 1 })],
  ["gateway.applications[0].models", application({ models: [] })],
  ["gateway.applications[0].limits.requestsPerMinute", application({ limits: { requestsPerMinute: 0, tokensPerMinute: 1 } })],
  ["gateway.applications[0].limits.tokensPerMinute", application({ limits: { requestsPerMinute: 1, tokensPerMinute: 0 } })],
  ["gateway.applications[0].rotation", application({ rotation: -1 })],
  ["gateway.applications[0].budgets[0].period", application({ budgets: [{ period: "year", tokens: 1 }] })],
  ["gateway.applications[0].budgets[0].tokens", application({ budgets: [{ period: "day", tokens: 0 }] })],
  ["gateway.applications[0].budgets[0].cost", application({ budgets: [{ period: "day", cost: -1 }] })],
  ["gateway.applications[0].budgets[0]", application({ budgets: [{ period: "day" }] })],
  ["data.postgres.kind", { data: { postgres: { kind: "sqlite" } } }],
  ["data.postgres.class", { data: { postgres: { kind: "single", class: "My Class" } } }],
  ["data.postgres.size", { data: { postgres: { kind: "single", size: "1G" } } }],
  ["data.postgres.maxConnections", { data: { postgres: { kind: "single", maxConnections: 1 } } }],
  ["data.postgres.host", external({ host: "postgres://db" })],
  ["data.postgres.port", external({ port: 0 })],
  ["data.postgres.addresses[0]", external({ addresses: ["db.example.com"] })],
  ["smokeCheck", { smokeCheck: "maybe" }],
];

describe("a field of the configuration", () => {
  for (const [field, fields] of wrong) {
    it(`is refused when it is wrong: ${field}, ${JSON.stringify(fields).slice(0, 90)}`, () => {
      const found = problems(fields);
      expect(found.map((problem) => problem.field)).to.deep.equal([field]);
      // What zod says is for programmers.
      expect(found[0]?.allowed).not.to.match(/^(Invalid|Too|Unrecognized)/);
      expect(found[0]?.fix).to.match(/^(did you mean|change it|add it|write the key)/);
    });
  }

  it("has a test of a wrong value, each of them", () => {
    const tested = new Set(wrong.map(([field]) => field.replace(/\[\d+\]/g, "[]")));
    const has = (path: string) => [...tested].some((field) => field === path || field === `${path}[]` || field.startsWith(`${path}.`));
    expect(leafPaths().filter((path) => !has(path))).to.deep.equal([]);
  });

  it("is described, each of them, with an example of each text and number, which fits", () => {
    const all = Object.entries(jsonSchemaOf(schema).properties ?? {}).flatMap(([path, field]) => {
      const top = { path, schema: field, required: false };
      return [top, ...fieldsOf(top).map((one) => ({ ...one, path: `${path}.${one.path}` }))];
    });
    const choice = (field: JsonSchema) =>
      field.enum ?? field.const ?? field.oneOf ?? field.properties ?? field.items ?? (field.type === "boolean" || undefined);
    expect(all.filter(({ schema: field }) => !field.description).map(({ path }) => path)).to.deep.equal([]);
    expect(all.filter(({ schema: field }) => choice(field) === undefined && !field.examples?.length).map(({ path }) => path)).to.deep.equal([]);
    expect(all.filter(({ schema: field }) => typeOf(field) === "text").map(({ path }) => path)).to.deep.equal([]);
  });

  it("says its default, each of them that may be left out", () => {
    const silent = Object.entries(jsonSchemaOf(schema).properties ?? {}).flatMap(([path, field]) =>
      fieldsOf({ path, schema: field, required: false })
        .filter((one) => aboutOf(one).fallback === "" && one.schema.type !== "object")
        .map((one) => `${path}.${one.path}`),
    );
    expect(silent).to.deep.equal([]);
  });

  it("has a default where it is not about the cluster, the models and the pools", () => {
    const { images: pinned, layers, storage, smokeCheck, models, serving, cluster: own, network, teams, secrets } = config({ sizing: undefined });
    expect({ pinned, layers, storage, smokeCheck, network, teams, secrets }).to.deep.equal({
      pinned: {},
      layers: { access: true, serving: true },
      storage: { classes: { kind: "existing" }, models: { accessMode: "ReadWriteOnce" } },
      smokeCheck: true,
      network: {
        exposure: { certificate: { kind: "platform" } },
        noProxy: [],
        downloads: true,
        allowedAddresses: [],
        allowedHosts: [],
        monitoringNamespace: "monitoring",
        promotionTests: false,
      },
      teams: [],
      secrets: { source: "generated" },
    });
    expect([...new Set(Object.values(own.capabilities))].sort()).to.deep.equal([false, "none"]);
    expect([own.manage, own.gpuResource, own.kubectl]).to.deep.equal([true, "nvidia.com/gpu", "kubectl"]);
    expect(models[0]?.loadMinutes).to.equal(60);
    expect(serving.pools).to.deep.equal([
      {
        name: "ollama",
        models: [tiny],
        replicas: 1,
        previewReplicas: 0,
        queueSeconds: 60,
        rollout: {
          analysis: { firstTokenSeconds: 2, errorRatio: 0.05, gpuUtilization: 0.3, intervalSeconds: 30, count: 10, gpuCount: 5 },
          scaleDownDelaySeconds: 30,
          prompts: [],
        },
        slo: { firstTokenSeconds: 2, firstTokenRatio: 0.95, availability: 0.995 },
        gpusPerReplica: 1,
        nodeSelector: {},
        parallel: 4,
        contextLength: 4096,
        keepAlive: "24h",
        loadTimeoutSeconds: 300,
        maxLoadedModels: 3,
        maxQueue: 512,
        flashAttention: true,
        kvCacheType: "f16",
        origins: [],
        drainSeconds: 30,
      },
    ]);
  });
});

describe("a configuration with every field set", () => {
  const leaves = leafPaths();

  it("is accepted, for each kind of storage and share", () => {
    expect(fullConfigs().map((fields) => problems(fields))).to.deep.equal([[], [], [], []]);
  });

  it("has every field of the schema", () => {
    const set = new Set(fullConfigs().flatMap((fields) => pathsOf(fields, (path) => leaves.includes(path))));
    expect(leaves.filter((path) => !set.has(path))).to.deep.equal([]);
  });

  // A map or list where a value belongs, and a value where a map or list belongs.
  for (const [variant, full] of fullConfigs().entries()) {
    it(`is refused with a value of another type, whichever field has it (kind ${variant})`, () => {
      for (const { path, replace } of places(full)) {
        const found = problems(replace({ wrong: [true] }));
        expect(
          found.some(({ field }) => field === path || field.startsWith(`${path}.`)),
          `${path}: ${JSON.stringify(found)}`,
        ).to.equal(true);
      }
    });

    it(`is refused with an unknown key, whichever map has it (kind ${variant})`, () => {
      for (const { path, value, replace } of places(full)) {
        if (typeof value !== "object" || value === null || Array.isArray(value) || /(labels|nodeSelector)$/.test(path)) continue;
        const found = problems(replace({ ...value, "no such key": 1 }));
        expect(
          found.map(({ field }) => field),
          path,
        ).to.deep.equal([`${path}.no such key`]);
      }
    });
  }
});

/** All places of a configuration, by path, each with the configuration that has another value there. */
function places(fields: Fields): readonly { readonly path: string; readonly value: unknown; readonly replace: (value: unknown) => Fields }[] {
  const visit = (value: unknown, path: string, replace: (value: unknown) => Fields): ReturnType<typeof places> => {
    const here = path === "" ? [] : [{ path, value, replace }];
    if (typeof value !== "object" || value === null) return here;
    if (Array.isArray(value)) {
      const list: readonly unknown[] = value;
      return [...here, ...list.flatMap((member, i) => visit(member, `${path}[${i}]`, (other) => replace(list.with(i, other))))];
    }
    const members = Object.entries(value).flatMap(([name, member]) =>
      visit(member, path === "" ? name : `${path}.${name}`, (other) => replace({ ...value, [name]: other })),
    );
    return [...here, ...members];
  };
  return visit(fields, "", (value) => value as Fields);
}

describe("the messages about a configuration", () => {
  const unknown: readonly (readonly [field: string, meant: string, fields: Fields])[] = [
    ["platfrom", "platform", { platfrom: "openshift" }],
    ["cluster.contxt", "context", cluster({ contxt: "ai" })],
    ["cluster.capabilities.metric", "metrics", cluster({ capabilities: { metric: true } })],
    ["storage.model", "models", { storage: { model: {} } }],
    ["storage.models.sise", "size", { storage: { models: { sise: "1Gi" } } }],
    ["storage.shared.share.sever", "server", share({ sever: "nfs" })],
    ["teams[0].quota.gpu", "gpus", team({ quota: { cpu: "1", memory: "1Gi", gpu: 1 } })],
    ["models[0].sources", "source", { models: [{ name: tiny, source: pulled.source, sources: {} }] }],
    ["models[0].source.paths", "path", source({ paths: "/" })],
    ["serving.pool", "pools", { serving: { pools: [{ name: "ollama", models: [tiny] }], pool: [] } }],
    ["serving.pools[0].replica", "replicas", pools({ replica: 2 })],
  ];
  for (const [field, meant, fields] of unknown) {
    it(`propose ${meant} for the unknown key ${field}`, () => {
      const [problem, ...more] = problems(fields);
      expect(more).to.deep.equal([]);
      expect(problem).to.include({ field, fix: `did you mean "${meant}"?` });
    });
  }

  it("say where a field of an earlier release is now", () => {
    expect(problems({ imagesLock: "images.lock" })[0]).to.include({ field: "imagesLock", fix: "it is images.lock now" });
  });

  it("name the sources of models when the kind is unknown", () => {
    expect(problems(source({ kind: "imgae" }))[0]).to.include({ value: '"imgae"', fix: 'did you mean "image"?' });
  });

  it("say the form that a key has", () => {
    expect(problems(pools({ nodeSelector: { "bad key": "x" } }))[0]?.allowed).to.match(/^a label's key: at most 63/);
  });

  it("say the form of a value, its unit and its range", () => {
    const allowed = (fields: Fields) => problems(fields)[0]?.allowed;
    expect(allowed({ quota: { memory: 128 } })).to.match(/^a quantity of bytes: a whole number with Mi, Gi or Ti \(requested memory/);
    expect(allowed({ quota: { memory: "128GB" } })).to.equal("a quantity of bytes: a whole number with Mi, Gi or Ti");
    expect(allowed(cluster({ apiServerAddresses: ["10.0.0.1"] }))).to.match(/^a range of addresses with its prefix length/);
    expect(allowed({ capacity: { overcommit: 11 } })).to.match(/^a number from 1 to 10 /);
    expect(allowed(cluster({ apiServerAddresses: [] }))).to.match(/^a list of 1 or more entries /);
    expect(allowed({ models: [] })).to.match(/^a list of 1 to 64 entries /);
    expect(allowed(cluster({ context: "" }))).to.match(/^text, not empty /);
    expect(allowed(registry({ name: 1 }))).to.match(/^a name that Ollama can pull/);
    expect(allowed({ models: [{ name: "tiny", source: pulled.source }] })).to.match(/^\{model\}:\{size\}-\{version\}-\{variant\}/);
  });

  it("come all at the same time, each with field, value, what is allowed, and the fix", () => {
    const { message } = new ConfigError("Pulumi.dev.yaml", problems({ platform: "openshfit", ...pools({ replicas: 0, parralel: 3 }) }));
    const fields = Object.keys(jsonSchemaOf(schema).properties?.serving?.properties?.pools?.items?.properties ?? {}).join(", ");
    expect(message).to.equal(
      [
        "Pulumi.dev.yaml: 3 problems",
        '  openshift-ai-platform:platform is "openshfit"',
        '    allowed: "openshift" or "kubernetes" (what the cluster is)',
        '    fix: did you mean "openshift"?',
        "  openshift-ai-platform:serving.pools[0].replicas is 0",
        "    allowed: a whole number from 1 to 64 (pods; with `scale`, only what the plan and the disruption budget reckon with at the start)",
        "    fix: change it, for example 1",
        "  openshift-ai-platform:serving.pools[0].parralel is 3",
        `    allowed: no such field; there are ${fields}`,
        '    fix: did you mean "parallel"?',
      ].join("\n"),
    );
  });

  it("say that a field is missing", () => {
    expect(new ConfigError("f", problems({ environment: undefined })).message).to.include("openshift-ai-platform:environment is missing");
  });

  it("propose nothing for a word that resembles no other", () => {
    expect(nearest("xyzzy", ["platform", "sizing"])).to.equal(undefined);
  });
});

describe("reading a configuration", () => {
  it("takes scalars that are not text from the text that Pulumi passes", () => {
    expect(config({ smokeCheck: false }).smokeCheck).to.equal(false);
  });

  it("leaves the keys of other namespaces alone", () => {
    expect(loadConfig({ ...entries(), "kubernetes:context": "other" }, "Pulumi.dev.yaml", images).platform).to.equal("openshift");
  });

  it("keeps credentials as the text that they are", () => {
    const [full = {}] = fullConfigs();
    expect(config(full).registryCredentials).to.equal(full.registryCredentials);
  });
});

describe("a secret in a configuration", () => {
  const password = "cm9ib3Q6aHVudGVyMg==";
  const pull = { registry: { pullSecret: "pull" } };

  it("that is not encrypted is refused, with the command, and not shown", () => {
    const found = problems({ ...pull, registryCredentials: `{"auths":{"r":{"auth":"${password}"}}}` }, []);
    expect(found.map(({ field, value }) => [field, value])).to.deep.equal([["registryCredentials", "a secret value in plain text"]]);
    expect(found[0]?.fix).to.match(/^pulumi config set --secret registryCredentials/);
  });

  it("is never shown, whatever is wrong with it", () => {
    const fields: readonly Fields[] = [
      { ...pull, registryCredentials: `{"auth":"${password}"}` },
      { ...pull, registryCredentials: `{"auths":{"r":"${password}"` },
      { ...pull, registryCredentials: { auth: password } },
      { registryCredentials: `{"auths":{"r":{"auth":"${password}"}}}` },
      { ...pull, secrets: { source: "external" }, registryCredentials: `{"auths":{"r":{"auth":"${password}"}}}` },
    ];
    for (const secrets of [[], undefined])
      for (const one of fields) {
        const found = problems(one, secrets);
        expect(found).not.to.deep.equal([]);
        expect(new ConfigError("f", found).message).not.to.include(password);
      }
  });

  it("is not shown where somebody encrypted a field that is none", () => {
    const found = problems({ environment: password }, ["openshift-ai-platform:environment"]);
    expect(found.map(({ value }) => value)).to.deep.equal(["a secret value"]);
  });
});
