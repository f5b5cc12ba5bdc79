/** What scales a pool on each kind of cluster, and what recommends its requests. */
import { expect } from "chai";
import { Autoscaling, type AutoscalingArgs } from "../../components/serving/autoscaling/autoscaling";
import { poolScale } from "../../components/serving/autoscaling/horizontal";
import { adapterRules, externalMetricName, poolQuery } from "../../stacks/scaling/metrics";
import { verticalPolicy } from "../../stacks/scaling/vertical";
import { sizingOf } from "../../stacks/sizing";
import { context } from "./support/context";
import { deploy, type Deployed } from "./support/mocks";

const { server, containers } = sizingOf({ sizing: "guide", environment: "production" });
const scale = { min: 2, max: 6, cpuPercent: 70, memoryPercent: 80, requestsPerReplica: 4, queueWaitSeconds: 2 };

function autoscaling(
  platform: "openshift" | "kubernetes",
  customMetrics: AutoscalingArgs["capabilities"]["customMetrics"],
  more: Partial<AutoscalingArgs> = {},
) {
  return deploy(
    (opts) =>
      new Autoscaling(
        "ollama",
        {
          context: context(platform),
          namespace: "ai-production",
          part: { name: "ollama", component: "model-server", instance: "ollama" },
          target: { apiVersion: "apps/v1", kind: "Deployment", name: "ollama" },
          scale,
          capabilities: { customMetrics, verticalPodAutoscaler: false },
          monitoringNamespace: "monitoring",
          container: { name: "ollama", size: server, max: containers.max },
          ...more,
        },
        opts,
      ),
  );
}

interface Metric {
  readonly external?: { readonly metric: { readonly name: string; readonly selector: object }; readonly target: object };
}
interface HpaSpec {
  readonly scaleTargetRef: object;
  readonly metrics: readonly Metric[];
  readonly behavior: { readonly scaleUp: { readonly stabilizationWindowSeconds: number } };
}
interface Trigger {
  readonly type: string;
  readonly metricType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly authenticationRef?: object;
}
interface ScaledObjectSpec {
  readonly triggers: readonly Trigger[];
  readonly advanced: { readonly horizontalPodAutoscalerConfig: { readonly behavior: HpaSpec["behavior"] } };
  readonly fallback: object;
  readonly [field: string]: unknown;
}
const hpa = (made: Deployed) => made.one("HorizontalPodAutoscaler").inputs.spec as HpaSpec;
const custom = (made: Deployed, kind: string) => made.resources.filter(({ inputs }) => inputs.kind === kind).map(({ inputs }) => inputs);
const scaledObject = (made: Deployed) => custom(made, "ScaledObject")[0]?.spec as ScaledObjectSpec;

const bothPlatforms = ["openshift", "kubernetes"] as const;

describe("autoscaling without custom metrics", () => {
  it("is the guide's HorizontalPodAutoscaler, on both platforms", async () => {
    for (const platform of bothPlatforms) {
      const made = await autoscaling(platform, "none");
      expect(made.counts(), platform).to.deep.equal({ Autoscaling: 1, HorizontalPodAutoscaler: 1 });
      expect(hpa(made)).to.deep.equal({
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "ollama" },
        minReplicas: 2,
        maxReplicas: 6,
        metrics: [
          { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
          { type: "Resource", resource: { name: "memory", target: { type: "Utilization", averageUtilization: 80 } } },
        ],
        behavior: {
          scaleUp: { stabilizationWindowSeconds: 300, policies: [{ type: "Percent", value: 50, periodSeconds: 60 }] },
          scaleDown: { stabilizationWindowSeconds: 600, policies: [{ type: "Percent", value: 25, periodSeconds: 60 }] },
        },
      });
    }
  });

  it("acts on the Rollout where one makes the pods", async () => {
    const target = { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: "ollama" } as const;
    expect(hpa(await autoscaling("openshift", "none", { target })).scaleTargetRef).to.deep.equal(target);
    expect(scaledObject(await autoscaling("openshift", "keda", { target })).scaleTargetRef).to.deep.equal(target);
  });

  it("is nothing where a pool has a number of pods of its own", async () => {
    for (const customMetrics of ["none", "prometheus-adapter", "keda"] as const) {
      const made = await autoscaling("openshift", customMetrics, { scale: undefined });
      expect(made.counts(), customMetrics).to.deep.equal({ Autoscaling: 1 });
    }
  });
});

describe("autoscaling with prometheus-adapter", () => {
  it("adds requests in flight for each pod and the time in the queue, of this pool", async () => {
    const made = await autoscaling("kubernetes", "prometheus-adapter", { scale: { ...scale, requestsPerReplica: 3, queueWaitSeconds: 5 } });
    const selector = { matchLabels: { pool: "ollama" } };
    expect(hpa(made).metrics.slice(2)).to.deep.equal([
      {
        type: "External",
        external: { metric: { name: "pool_model_requests_in_flight", selector }, target: { type: "AverageValue", averageValue: "3" } },
      },
      { type: "External", external: { metric: { name: "pool_model_queue_wait_seconds_p95", selector }, target: { type: "Value", value: "5" } } },
    ]);
  });

  it("writes targets as the API server does", async () => {
    const [inFlight] = hpa(await autoscaling("kubernetes", "prometheus-adapter", { scale: { ...scale, requestsPerReplica: 2000 } })).metrics.slice(2);
    expect(inFlight?.external?.target).to.deep.equal({ type: "AverageValue", averageValue: "2k" });
  });

  it("scales up at once, and down as in the guide", async () => {
    expect(hpa(await autoscaling("kubernetes", "prometheus-adapter")).behavior).to.deep.equal({
      scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 50, periodSeconds: 60 }] },
      scaleDown: { stabilizationWindowSeconds: 600, policies: [{ type: "Percent", value: 25, periodSeconds: 60 }] },
    });
  });

  it("asks for metrics that the adapter's rules serve, under the namespace and label by which they are recorded", async () => {
    const asked = hpa(await autoscaling("kubernetes", "prometheus-adapter")).metrics.flatMap(({ external }) => (external ? [external.metric.name] : []));
    const rules = adapterRules().externalRules;
    expect(rules.map(({ name }) => name.as)).to.deep.equal(asked);
    for (const { metricsQuery, resources, seriesQuery } of rules) {
      expect(seriesQuery).to.contain('pool!=""');
      expect(resources.overrides).to.deep.equal({ namespace: { resource: "namespace" } });
      expect(metricsQuery).to.contain("<<.LabelMatchers>>");
    }
  });
});

describe("the requests of each pod", () => {
  const configured = { min: 2, max: 6, cpuPercent: 70, memoryPercent: 80, queueWaitSeconds: 2 };

  it("are as many as a model answers at the same time, unless they are configured", () => {
    expect(poolScale({ scale: configured, parallel: 8 })).to.deep.equal({ ...configured, requestsPerReplica: 8 });
    expect(poolScale({ scale: { ...configured, requestsPerReplica: 3 }, parallel: 8 })).to.include({ requestsPerReplica: 3 });
    expect(poolScale({ parallel: 8 })).to.equal(undefined);
  });
});

describe("autoscaling with KEDA", () => {
  it("is a ScaledObject in place of the HorizontalPodAutoscaler, on both platforms", async () => {
    for (const platform of bothPlatforms) {
      const made = await autoscaling(platform, "keda");
      expect(made.all("HorizontalPodAutoscaler"), platform).to.deep.equal([]);
      expect(custom(made, "ScaledObject")).to.have.length(1);
    }
  });

  it("has the same targets, bounds and behaviour as the HorizontalPodAutoscaler", async () => {
    const spec = scaledObject(await autoscaling("kubernetes", "keda"));
    const other = hpa(await autoscaling("kubernetes", "prometheus-adapter"));
    expect(spec).to.include({ minReplicaCount: 2, maxReplicaCount: 6 });
    expect(spec.advanced.horizontalPodAutoscalerConfig.behavior).to.deep.equal(other.behavior);
    expect(spec.triggers.map(({ type, metricType, metadata }) => [type, metricType, metadata.value ?? metadata.threshold])).to.deep.equal([
      ["cpu", "Utilization", "70"],
      ["memory", "Utilization", "80"],
      ["prometheus", "AverageValue", "4"],
      ["prometheus", "Value", "2"],
    ]);
  });

  it("keeps the pods that there are while Prometheus is away, and takes no answer for an error", async () => {
    const spec = scaledObject(await autoscaling("kubernetes", "keda"));
    expect(spec.fallback).to.deep.equal({ failureThreshold: 3, replicas: 2, behavior: "currentReplicasIfHigher" });
    expect(spec.triggers.slice(2).map(({ metadata }) => metadata.ignoreNullValues)).to.deep.equal(["false", "false"]);
  });

  it("asks the cluster's Prometheus as it is on kubernetes", async () => {
    const made = await autoscaling("kubernetes", "keda", { monitoringNamespace: "watching" });
    expect(made.counts()).to.deep.equal({ Autoscaling: 1, ScaledObject: 1 });
    for (const { metadata, authenticationRef } of scaledObject(made).triggers.slice(2)) {
      expect(metadata.serverAddress).to.equal("http://prometheus-operated.watching.svc.cluster.local:9090");
      expect([metadata.authModes, authenticationRef]).to.deep.equal([undefined, undefined]);
    }
  });

  it("asks OpenShift's for this namespace only, with a token that its operator makes and no Secret keeps", async () => {
    const made = await autoscaling("openshift", "keda");
    expect(made.all("Secret")).to.deep.equal([]);
    for (const { metadata, authenticationRef } of scaledObject(made).triggers.slice(2)) {
      expect(metadata).to.include({
        serverAddress: "https://thanos-querier.openshift-monitoring.svc.cluster.local:9092",
        authModes: "bearer",
        namespace: "ai-production",
      });
      expect(authenticationRef).to.deep.equal({ name: "ollama-metrics-reader" });
    }
    expect(custom(made, "TriggerAuthentication")[0]?.spec).to.deep.equal({
      boundServiceAccountToken: [{ parameter: "bearerToken", serviceAccountName: "ollama-metrics-reader" }],
      configMapTargetRef: [{ parameter: "ca", name: "openshift-service-ca.crt", key: "service-ca.crt" }],
    });
    const rights = made
      .all("Role")
      .map(({ inputs }) => inputs.rules as readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[]);
    expect(rights.flat().map(({ resources, verbs }) => `${resources.join()}: ${verbs.join()}`)).to.deep.equal([
      "pods: get",
      "pods: get,list,watch",
      "serviceaccounts/token: create",
    ]);
    expect(made.all("ClusterRole").concat(made.all("ClusterRoleBinding"))).to.deep.equal([]);
  });
});

describe("a change between the two", () => {
  it("is not refused by KEDA's webhook, which would object to an autoscaler that is about to go", async () => {
    const made = await autoscaling("openshift", "prometheus-adapter");
    expect(made.one("HorizontalPodAutoscaler").inputs).to.have.deep.nested.property("metadata.annotations", { "validations.keda.sh/hpa-ownership": "false" });
  });

  it("does not find KEDA's under the name that ours will have", async () => {
    expect(scaledObject(await autoscaling("openshift", "keda")).advanced.horizontalPodAutoscalerConfig).not.to.have.property("name");
    expect((await autoscaling("openshift", "none")).one("HorizontalPodAutoscaler").inputs).to.have.nested.property("metadata.name", "ollama");
  });
});

describe("the query for a pool", () => {
  const matchers = 'namespace="a",pool="b"';

  it("takes one of several equal series", () => {
    expect(poolQuery("inFlight", matchers)).to.equal(`max(pool:model_requests_in_flight:sum{${matchers}} >= 0)`);
  });

  it("has 0 for a wait that is not a number only while the routers are read", () => {
    expect(poolQuery("queueWait", matchers)).to.equal(
      `clamp_max(max(pool:model_queue_wait_seconds:p95{${matchers}} >= 0), 3600) or max(pool:model_requests_in_flight:sum{${matchers}} >= 0) * 0`,
    );
  });

  it("serves names that External metrics may have", () => {
    for (const name of Object.values(externalMetricName)) expect(name).to.match(/^[a-z][a-z0-9_]*$/);
  });
});

describe("a VerticalPodAutoscaler", () => {
  const spec = async (scaled: boolean) => {
    const capabilities = { customMetrics: "none", verticalPodAutoscaler: true } as const;
    const made = await autoscaling("openshift", "none", { capabilities, ...(scaled ? {} : { scale: undefined }) });
    return custom(made, "VerticalPodAutoscaler")[0]?.spec as Readonly<Record<string, object>>;
  };

  it("only recommends where the number of pods follows CPU and memory, within the guide's bounds", async () => {
    expect(await spec(true)).to.deep.equal({
      targetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "ollama" },
      updatePolicy: { updateMode: "Off" },
      resourcePolicy: {
        containerPolicies: [
          {
            containerName: "ollama",
            mode: "Auto",
            controlledResources: ["cpu", "memory"],
            minAllowed: { cpu: "2", memory: "8Gi" },
            maxAllowed: { cpu: "8", memory: "32Gi" },
            controlledValues: "RequestsAndLimits",
          },
          { containerName: "*", mode: "Off" },
        ],
      },
    });
  });

  it("gives new pods less where they need less, and never more than the plan reckons with, where nothing scales", async () => {
    const { updatePolicy, resourcePolicy } = await spec(false);
    expect(updatePolicy).to.deep.equal({ updateMode: "Initial" });
    expect(resourcePolicy).to.have.deep.nested.property("containerPolicies[0].maxAllowed", { cpu: "2", memory: "8Gi" });
    expect(resourcePolicy).to.have.nested.property("containerPolicies[0].controlledValues", "RequestsOnly");
  });

  it("is not there without the capability", async () => {
    expect(custom(await autoscaling("openshift", "none"), "VerticalPodAutoscaler")).to.deep.equal([]);
  });

  it("keeps the limit that grows with a request within what one container may have", () => {
    const small = sizingOf({ sizing: "small", environment: "development" });
    expect(verticalPolicy(small.server, small.containers.max, true)).to.deep.include({
      minAllowed: { cpu: "250m", memory: "256Mi" },
      maxAllowed: { cpu: "500m", memory: "1Gi" },
    });
  });
});
