/** A pool as the cluster shows it. */
import { holdAnnotation, poolAnnotation } from "../../../components/serving/poolAnnotations";
import { tiny } from "../support/config";

export const ns = "ai-development";
export const paths = {
  deployment: `/apis/apps/v1/namespaces/${ns}/deployments/ollama`,
  rollout: `/apis/argoproj.io/v1alpha1/namespaces/${ns}/rollouts/ollama`,
  rolloutStatus: `/apis/argoproj.io/v1alpha1/namespaces/${ns}/rollouts/ollama/status`,
  sets: `/apis/apps/v1/namespaces/${ns}/replicasets?labelSelector=${encodeURIComponent("app.kubernetes.io/component=model-server,app.kubernetes.io/instance=ollama")}`,
  pods: `/api/v1/namespaces/${ns}/pods?labelSelector=${encodeURIComponent("app.kubernetes.io/component=model-server")}`,
  jobs: `/apis/batch/v1/namespaces/${ns}/jobs?labelSelector=${encodeURIComponent("app.kubernetes.io/component=model-loader")}`,
  quotas: `/api/v1/namespaces/${ns}/resourcequotas`,
  runs: `/apis/argoproj.io/v1alpha1/namespaces/${ns}/analysisruns`,
  deployments: `/apis/apps/v1/namespaces/${ns}/deployments?labelSelector=${encodeURIComponent("app.kubernetes.io/component=model-server")}`,
  status: `/api/v1/namespaces/${ns}/services/http:ollama:http/proxy/status`,
  tags: `/api/v1/namespaces/${ns}/services/http:ollama:http/proxy/api/tags`,
  generate: `/api/v1/namespaces/${ns}/services/http:ollama:http/proxy/api/generate`,
} as const;

/** @param image tells versions apart */
export function template(image: string, extra: Readonly<Record<string, string>> = {}, models: readonly string[] = [tiny]) {
  return {
    metadata: { labels: { "app.kubernetes.io/instance": "ollama", ...extra }, annotations: { "openshift-ai-platform/models-version": image } },
    spec: {
      initContainers: [{ name: "sidecar", image: "proxy:1", restartPolicy: "Always", resources: { requests: { cpu: "100m", memory: "64Mi" } } }],
      containers: [
        {
          name: "ollama",
          image: `ollama:${image}`,
          env: [{ name: "MODELS", value: models.map((name) => `${name} path/of/manifest load-${name.replace(/[^a-z0-9]+/g, "-")}`).join("\n") }],
          resources: { requests: { cpu: "1", memory: "2Gi", "nvidia.com/gpu": "1" }, limits: { "nvidia.com/gpu": "1" } },
        },
      ],
    },
  };
}

export const jobName = (model: string) => `load-${model.replace(/[^a-z0-9]+/g, "-")}`;

export function job(model: string, succeeded = 1, name = jobName(model)) {
  return {
    metadata: {
      name,
      annotations: { "openshift-ai-platform/model": model, "openshift-ai-platform/model-source": `registry.ollama.ai/library/tiny:x@sha256:${"b".repeat(64)}` },
    },
    status: { succeeded },
  };
}

const owner = (uid: string) => [{ uid, controller: true, kind: "Deployment", name: "ollama" }];

export interface SetOptions {
  readonly replicas?: number;
  readonly owner?: "deployment" | "rollout";
  readonly made?: object;
  readonly models?: readonly string[];
}

/** A ReplicaSet; its hash is `hash-IMAGE`. */
export function set(revision: number, image: string, { replicas = 0, owner: by = "deployment", made, models }: SetOptions = {}) {
  const label = by === "deployment" ? "pod-template-hash" : "rollouts-pod-template-hash";
  const annotation = by === "deployment" ? "deployment.kubernetes.io/revision" : "rollout.argoproj.io/revision";
  return {
    metadata: {
      name: `ollama-hash${image}`,
      creationTimestamp: "2026-02-03T03:05:06Z",
      labels: { [label]: `hash${image}` },
      annotations: { [annotation]: String(revision), ...(made ? { [poolAnnotation]: JSON.stringify(made) } : {}) },
      ownerReferences: owner(by),
    },
    spec: { replicas, template: template(image, { [label]: `hash${image}` }, models) },
    status: { replicas, readyReplicas: replicas, availableReplicas: replicas },
  };
}

export interface DeploymentOptions {
  readonly replicas?: number;
  readonly settled?: boolean;
  readonly hold?: object;
  readonly paused?: boolean;
}

export function deployment(image: string, { replicas = 2, settled = true, hold, paused }: DeploymentOptions = {}) {
  return {
    metadata: {
      name: "ollama",
      uid: "deployment",
      generation: 4,
      resourceVersion: "77",
      annotations: { [poolAnnotation]: "{}", ...(hold ? { [holdAnnotation]: JSON.stringify(hold) } : {}) },
    },
    spec: {
      replicas,
      ...(paused === undefined ? {} : { paused }),
      selector: { matchLabels: {} },
      strategy: { rollingUpdate: { maxSurge: 1 } },
      template: template(image),
    },
    status: { observedGeneration: settled ? 4 : 3, replicas, updatedReplicas: replicas, availableReplicas: replicas },
  };
}

/** A Rollout that is at `current`, with `stable` serving. */
export function rollout(current: string, stable: string, status: object = {}, spec: object = {}) {
  return {
    metadata: { name: "ollama", uid: "rollout", generation: 2 },
    spec: { replicas: 2, workloadRef: { kind: "Deployment", name: "ollama" }, strategy: { blueGreen: { previewReplicaCount: 1 } }, ...spec },
    status: {
      observedGeneration: "2",
      workloadObservedGeneration: "4",
      currentPodHash: `hash${current}`,
      stableRS: `hash${stable}`,
      phase: current === stable ? "Healthy" : "Progressing",
      blueGreen: { activeSelector: `hash${stable}` },
      ...status,
    },
  };
}

export const paused = { phase: "Paused", controllerPause: true, pauseConditions: [{ reason: "BlueGreenPause", startTime: "2026-02-03T04:00:00Z" }] };

export function quota(used: string, hard = "8") {
  return {
    metadata: { name: "platform" },
    status: { hard: { "requests.nvidia.com/gpu": hard, "requests.cpu": "100" }, used: { "requests.nvidia.com/gpu": used, "requests.cpu": "1" } },
  };
}

/** ReplicaSets of `twoVersions` and of `previewing`. */
export const plainSets = [set(2, "b", { replicas: 2 }), set(1, "a")];
export const previewSets = [set(2, "b", { replicas: 1, owner: "rollout" }), set(1, "a", { replicas: 2, owner: "rollout" })];

/** Two versions of a Deployment, the second one serves. */
export const twoVersions = {
  [paths.deployment]: deployment("b"),
  [paths.sets]: plainSets,
  [paths.jobs]: [job(tiny)],
  [paths.quotas]: [quota("2")],
} as const;

/** The same, made by Argo Rollouts: `b` waits to be promoted. */
export const previewing = {
  [paths.deployment]: deployment("b", { replicas: 0 }),
  [paths.rollout]: rollout("b", "a", paused),
  [paths.sets]: previewSets,
  [paths.jobs]: [job(tiny)],
  [paths.quotas]: [quota("3")],
} as const;
