/** Configurations with every field set: one per kind of storage and share, since a configuration has only one of each. */
import { digest, tiny, type Fields } from "./config";

export const pulled = "codellama:7b-v1.0-base";

const kinds: readonly { readonly classes: Fields; readonly share: Fields; readonly secrets: Fields }[] = [
  {
    classes: { kind: "odf", namespace: "openshift-storage", pool: "fast", fileSystem: "models" },
    share: {
      kind: "cephfs",
      driver: "openshift-storage.cephfs.csi.ceph.com",
      clusterId: "openshift-storage",
      fileSystem: "models",
      path: "/volumes/ai",
      secret: { name: "ai-share", namespace: "openshift-storage" },
    },
    secrets: { source: "generated" },
  },
  {
    classes: { kind: "aws", fileSystemId: "fs-0123456789abcdef0", kmsKeyId: "alias/ai", iops: 12_000, throughput: 600 },
    share: { kind: "efs", fileSystemId: "fs-0123456789abcdef1", path: "/ai" },
    secrets: { source: "generated" },
  },
  {
    classes: { kind: "local", provisioner: "rancher.io/local-path" },
    share: { kind: "local", path: "/var/lib/ai-share", nodeSelector: { "kubernetes.io/hostname": "worker-1" } },
    secrets: { source: "generated" },
  },
  { classes: { kind: "existing" }, share: { kind: "nfs", server: "nfs.example.com", path: "/export/ai" }, secrets: { source: "external" } },
];

/** Certificate in form only. */
export const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

export const credentials = '{"auths":{"registry.example.com":{"auth":"cm9ib3Q6aHVudGVyMg=="}}}';

/** @param lock path of a cluster's own lock */
export function fullConfigs(lock = "/clusters/ai/images.lock"): readonly Fields[] {
  return kinds.map(({ classes, share, secrets }) => ({
    environment: "staging",
    platform: "openshift",
    sizing: "guide",
    layers: { access: true, serving: true },
    cluster: {
      name: "ai",
      context: "ai-staging",
      kubeconfig: "/clusters/ai/kubeconfig",
      kubectl: "kubectl",
      apiServerAddresses: ["10.0.0.10/32"],
      manage: true,
      capabilities: { certManager: true, egressFirewall: true, gatewayApi: true, metrics: true, monitoring: true, volumeSnapshots: true },
      gpuResource: "nvidia.com/gpu",
      nodes: [{ name: "gpu", count: 4, cpu: "64", memory: "256Gi", gpus: 4, pods: 250 }],
      nodeLabels: [{ node: "worker-1", labels: { "node-role.kubernetes.io/gpu": "true" } }],
    },
    images: { lock, requireDigests: false },
    registry: { mirror: "registry.example.com/mirror", pullSecret: "registry-pull" },
    ...(secrets.source === "generated" ? { registryCredentials: credentials } : {}),
    secrets,
    network: {
      proxy: { url: "http://proxy.example.com:3128", addresses: ["10.20.0.5/32"] },
      noProxy: [".example.com"],
      trustedCA: certificate,
      downloads: true,
      allowedAddresses: ["10.30.0.0/24"],
      allowedHosts: ["registry.ollama.ai"],
      promotionTests: true,
    },
    quota: { cpu: "64", memory: "128Gi", memoryLimit: "256Gi", gpus: 8, storage: "4Ti" },
    capacity: { overcommit: 1.5 },
    storage: {
      classes,
      models: { class: "site-nfs", size: "500Gi", accessMode: "ReadWriteMany" },
      shared: { share, volumes: [{ name: "datasets", size: "100Gi", writer: "ml", readers: ["platform"] }] },
    },
    access: {
      platformAdmins: ["ai-platform-admins"],
      operators: ["ai-operators"],
      dataScientists: ["ai-data-scientists"],
      developers: ["ai-developers"],
      viewers: ["ai-viewers"],
    },
    teams: [
      {
        name: "research",
        group: "team-research",
        project: "ml",
        quota: { cpu: "8", memory: "32Gi", gpus: 1, storage: "200Gi" },
        models: [tiny],
        monthlyBudget: 2000,
      },
    ],
    models: [
      { name: tiny, source: { kind: "image", image: "tiny-model", path: "/models/tiny" }, loadMinutes: 10 },
      { name: pulled, source: { kind: "registry", name: "codellama:7b-code", digest }, loadMinutes: 60 },
    ],
    serving: {
      pools: [
        {
          name: "ollama",
          models: [tiny, pulled],
          replicas: 2,
          scale: { min: 1, max: 3, cpuPercent: 70, memoryPercent: 80 },
          previewReplicas: 1,
          gpusPerReplica: 1,
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
        },
      ],
    },
    smokeCheck: true,
  }));
}
