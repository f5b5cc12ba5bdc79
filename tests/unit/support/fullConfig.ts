/** Configurations with every field set: one per kind of storage and share, since a configuration has only one of each. */
import { digest, tiny, type Fields } from "./config";

export const pulled = "codellama:7b-v1.0-base";

const kinds: readonly {
  readonly classes: Fields;
  readonly share: Fields;
  readonly secrets: Fields;
  readonly builds: string;
  readonly customMetrics: string;
  readonly postgres: Fields;
  readonly certificate: Fields;
  /** @default openshift */
  readonly platform?: string;
}[] = [
  {
    classes: { kind: "odf", namespace: "openshift-storage", pool: "fast", fileSystem: "models", encryption: "cluster-wide" },
    share: {
      kind: "cephfs",
      driver: "openshift-storage.cephfs.csi.ceph.com",
      clusterId: "openshift-storage",
      fileSystem: "models",
      path: "/volumes/ai",
      secret: { name: "ai-share", namespace: "openshift-storage" },
    },
    secrets: { source: "generated" },
    builds: "openshift",
    customMetrics: "keda",
    postgres: { kind: "single", class: "site-block", size: "20Gi", maxConnections: 100 },
    certificate: { kind: "platform" },
  },
  {
    classes: { kind: "aws", fileSystemId: "fs-0123456789abcdef0", kmsKeyId: "alias/ai", iops: 12_000, throughput: 600, encryption: "EFS" },
    share: { kind: "efs", fileSystemId: "fs-0123456789abcdef1", path: "/ai" },
    secrets: { source: "generated" },
    builds: "openshift",
    customMetrics: "prometheus-adapter",
    postgres: { kind: "external", host: "postgres.example.com", port: 5433, addresses: ["10.40.0.0/24"], maxConnections: 100 },
    certificate: { kind: "cert-manager", issuer: { name: "letsencrypt", kind: "ClusterIssuer" } },
  },
  {
    classes: { kind: "local", provisioner: "rancher.io/local-path", encryption: "LUKS" },
    share: { kind: "local", path: "/var/lib/ai-share", nodeSelector: { "kubernetes.io/hostname": "worker-1" } },
    secrets: { source: "generated" },
    builds: "tekton",
    customMetrics: "keda",
    postgres: { kind: "external", host: "postgres.example.com", port: 5433, addresses: ["10.40.0.0/24"], maxConnections: 100 },
    certificate: { kind: "secret", name: "ai-example-com" },
  },
  {
    classes: { kind: "existing" },
    share: { kind: "nfs", server: "nfs.example.com", path: "/export/ai" },
    platform: "kubernetes",
    secrets: { source: "external" },
    builds: "tekton",
    customMetrics: "prometheus-adapter",
    postgres: { kind: "single", class: "site-block", size: "20Gi", maxConnections: 100 },
    certificate: { kind: "platform" },
  },
];

/** Certificate in form only. */
export const authority = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

export const credentials = '{"auths":{"registry.example.com":{"auth":"cm9ib3Q6aHVudGVyMg=="}}}';

/** Machines with a GPU each. */
const few = { count: 1, cpu: "16", memory: "64Gi", gpus: 1, pods: 250 };

/** @param lock path of a cluster's own lock */
export function fullConfigs(lock = "/clusters/ai/images.lock"): readonly Fields[] {
  return kinds.map(({ classes, share, secrets, builds, customMetrics, postgres, certificate, platform = "openshift" }) => ({
    environment: "staging",
    platform,
    sizing: "guide",
    layers: { access: true, serving: true },
    cluster: {
      name: "ai",
      context: "ai-staging",
      kubeconfig: "/clusters/ai/kubeconfig",
      kubectl: "kubectl",
      apiServerAddresses: ["10.0.0.10/32"],
      manage: true,
      capabilities: {
        argoRollouts: true,
        builds,
        certManager: true,
        customMetrics,
        egressFirewall: true,
        gatewayApi: true,
        gpuOperator: true,
        metrics: true,
        monitoring: true,
        verticalPodAutoscaler: true,
        volumeSnapshots: true,
      },
      gpuResource: "nvidia.com/gpu",
      nodes: [
        {
          name: "gpu",
          count: 4,
          cpu: "64",
          memory: "256Gi",
          gpus: 4,
          gpu: { class: "a100", product: "NVIDIA-A100-SXM4-80GB", memory: "80Gi", sharing: { kind: "whole" } },
          pods: 250,
        },
        { ...few, name: "turns", gpu: { class: "t4", memory: "16Gi", sharing: { kind: "timeSlicing", replicas: 4 } } },
        { ...few, name: "cut", gpu: { class: "a30", product: "NVIDIA-A30", memory: "24Gi", sharing: { kind: "mig", strategy: "mixed", profile: "1g.6gb" } } },
      ],
      gpuOperatorNamespace: "nvidia-gpu-operator",
      nodeLabels: [{ node: "worker-1", labels: { "node-role.kubernetes.io/gpu": "true" }, group: "cut" }],
    },
    images: { lock, requireDigests: false },
    registry: { mirror: "registry.example.com/mirror", pullSecret: "registry-pull" },
    ...(secrets.source === "generated" ? { registryCredentials: credentials } : {}),
    secrets,
    network: {
      exposure: { gateway: { name: "public", namespace: "gateways", https: "https", http: "http", controllerNamespace: "traefik" }, certificate },
      proxy: { url: "http://proxy.example.com:3128", addresses: ["10.20.0.5/32"] },
      noProxy: [".example.com"],
      trustedCA: authority,
      downloads: true,
      allowedAddresses: ["10.30.0.0/24"],
      allowedHosts: ["registry.ollama.ai"],
      monitoringNamespace: "monitoring",
      promotionTests: true,
    },
    quota: { cpu: "64", memory: "128Gi", memoryLimit: "256Gi", gpus: 8, storage: "4Ti" },
    capacity: { overcommit: 1.5 },
    storage: {
      classes,
      models: { class: "site-nfs", size: "500Gi", accessMode: "ReadWriteMany" },
      shared: { share, encryption: "the filer's own", volumes: [{ name: "datasets", size: "100Gi", writer: "ml", readers: ["platform"] }] },
    },
    access: {
      platformAdmins: ["ai-platform-admins"],
      operators: ["ai-operators"],
      dataScientists: ["ai-data-scientists"],
      developers: ["ai-developers"],
      viewers: ["ai-viewers"],
    },
    costCentre: "it-0815",
    teams: [
      {
        name: "research",
        group: "team-research",
        project: "ml",
        quota: { cpu: "8", memory: "32Gi", gpus: 1, storage: "200Gi" },
        models: [tiny],
        costCentre: "research-4711",
        monthlyBudget: 2000,
      },
    ],
    models: [
      {
        name: tiny,
        source: { kind: "image", image: "tiny-model", path: "/models/tiny" },
        licence: "Apache-2.0",
        fileSize: "1Mi",
        architecture: {
          family: "llama",
          layers: 2,
          hiddenSize: 64,
          feedForward: 128,
          heads: 4,
          kvHeads: 4,
          headDim: 32,
          vocabulary: 354,
          context: 512,
          tied: false,
        },
        loadMinutes: 10,
      },
      {
        name: pulled,
        source: { kind: "registry", name: "codellama:7b-code", digest },
        catalogue: "codellama:7b",
        quantization: "F16",
        quantize: "Q4_K_M",
        licence: "Llama-2-Community",
        loadMinutes: 60,
      },
      { name: "baked:1b-v1.0-base", source: { kind: "image", image: "team-models", path: "/models/models/tiny" }, licence: "MIT", loadMinutes: 10 },
    ],
    serving: {
      licences: ["Apache-2.0", "Llama-2-Community", "MIT"],
      pools: [
        {
          name: "ollama",
          models: [tiny, pulled],
          replicas: 2,
          scale: { min: 1, max: 3, cpuPercent: 70, memoryPercent: 80, requestsPerReplica: 4, queueWaitSeconds: 2 },
          previewReplicas: 1,
          gpusPerReplica: 1,
          gpuClass: "a100",
          nodeSelector: { "nvidia.com/gpu.present": "true" },
          parallel: 4,
          contextLength: 4096,
          keepAlive: "24h",
          loadTimeoutSeconds: 300,
          maxLoadedModels: 2,
          maxQueue: 512,
          flashAttention: true,
          kvCacheType: "q8_0",
          origins: ["https://chat.example.com"],
          drainSeconds: 30,
          queueSeconds: 60,
          rollout: {
            promotion: "automatic",
            analysis: { firstTokenSeconds: 2, errorRatio: 0.05, gpuUtilization: 0.3, intervalSeconds: 30, count: 10, gpuCount: 5 },
            scaleDownDelaySeconds: 30,
            prompts: [{ model: tiny, prompt: "hello", maxTokens: 16, seed: 0, expect: { kind: "contains", text: "a" } }],
          },
          hold: { revision: "6d4c8f9b75", by: "ai-operators", since: "2026-01-31T12:00:00Z", reason: "first tokens take 5 s" },
          slo: { firstTokenSeconds: 2, firstTokenRatio: 0.95, availability: 0.995 },
        },
      ],
    },
    gateway: {
      host: "api.ai.example.com",
      replicas: 2,
      connections: 8,
      limits: { requestsPerMinute: 60, tokensPerMinute: 100_000 },
      maxTokens: 4096,
      maxBody: "10Mi",
      usageDays: 400,
      fallbacks: [{ model: tiny, to: [pulled] }],
      prices: { currency: "EUR", gpuHour: 2.5, models: [{ name: tiny, inputPerMillion: 0.1, outputPerMillion: 0.3 }] },
      applications: [
        {
          name: "review-bot",
          team: "research",
          models: [tiny],
          limits: { requestsPerMinute: 600, tokensPerMinute: 1_000_000 },
          rotation: 1,
          budgets: [{ period: "day", tokens: 1_000_000, cost: 50 }],
        },
      ],
    },
    data: { postgres },
    observability: { runbooks: "https://git.example.com/ai/docs/runbooks", otherProjects: true, gpuMetrics: true, jobMetrics: true },
    builds: [
      {
        name: "team-models",
        models: [{ name: tiny, folder: "models/tiny" }],
        base: "ollama",
        context: { git: { url: "https://git.example.com/ai/models.git", ref: "main", secret: "models-git" } },
        webhook: { secret: "models-webhook" },
        output: { image: "registry.example.com/ai/team-models", secret: "registry-push" },
        digest,
        cpu: "1",
        memory: "4Gi",
        scratch: "50Gi",
        minutes: 60,
        nodeSelector: { "node-role.kubernetes.io/worker": "" },
      },
    ],
    smokeCheck: true,
  }));
}
