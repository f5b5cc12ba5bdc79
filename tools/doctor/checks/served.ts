/** How each capability shows: what the API server then serves. */
import type { StackConfig } from "../../../stacks/schema";

/** A kind by its group version and the plural of its resource. */
export interface Kind {
  readonly api: string;
  /** Undefined: whatever the group has, such as metrics by their own names. */
  readonly resource?: string | undefined;
}

export interface Capability {
  /** All of them tell that it is there. */
  readonly kinds: readonly Kind[];
  /** How to get it. */
  readonly install: Readonly<Record<StackConfig["platform"], string>>;
}

const everywhere = (text: string) => ({ openshift: text, kubernetes: text });
const kinds = (api: string, ...resources: readonly string[]): readonly Kind[] => resources.map((resource) => ({ api, resource }));

/** By the name in the configuration; `field: choice` where there are several ways. */
export const served: Readonly<Record<string, Capability>> = {
  argoRollouts: {
    kinds: kinds("argoproj.io/v1alpha1", "rollouts", "analysistemplates"),
    install: {
      openshift: "install the OpenShift GitOps operator and create a RolloutManager",
      kubernetes: "install Argo Rollouts' controller, with its CRDs",
    },
  },
  "builds: openshift": {
    kinds: [...kinds("build.openshift.io/v1", "buildconfigs"), ...kinds("image.openshift.io/v1", "imagestreams")],
    install: {
      openshift: "turn the cluster's capability Build on (ClusterVersion, spec.capabilities)",
      kubernetes: "OpenShift only: set cluster.capabilities.builds to tekton, and install Tekton",
    },
  },
  "builds: tekton": {
    kinds: [...kinds("tekton.dev/v1", "tasks", "pipelines"), ...kinds("triggers.tekton.dev/v1beta1", "eventlisteners")],
    install: { openshift: "install the OpenShift Pipelines operator", kubernetes: "install Tekton Pipelines and Tekton Triggers" },
  },
  certManager: {
    kinds: kinds("cert-manager.io/v1", "certificates"),
    install: { openshift: "install the cert-manager Operator for Red Hat OpenShift", kubernetes: "install cert-manager (cert-manager.io)" },
  },
  "customMetrics: keda": {
    kinds: kinds("keda.sh/v1alpha1", "scaledobjects", "triggerauthentications"),
    install: { openshift: "install the Custom Metrics Autoscaler operator and create a KedaController", kubernetes: "install KEDA" },
  },
  "customMetrics: prometheus-adapter": {
    kinds: [{ api: "external.metrics.k8s.io/v1beta1" }],
    install: everywhere("install prometheus-adapter with the rules of docs/scaling.md"),
  },
  egressFirewall: {
    kinds: kinds("k8s.ovn.org/v1", "egressfirewalls"),
    install: everywhere("use OVN-Kubernetes as the cluster's network; where it is not, rule hosts by a forward proxy (network.proxy)"),
  },
  gatewayApi: {
    kinds: kinds("gateway.networking.k8s.io/v1", "httproutes"),
    install: {
      openshift: "create a GatewayClass for openshift.io/gateway-controller/v1 (OpenShift 4.19)",
      kubernetes: "install a Gateway API controller, with its CRDs",
    },
  },
  gpuOperator: {
    kinds: kinds("nvidia.com/v1", "clusterpolicies"),
    install: everywhere("install NVIDIA's GPU operator and create a ClusterPolicy"),
  },
  metrics: {
    kinds: kinds("metrics.k8s.io/v1beta1", "pods"),
    install: { openshift: "repair the cluster operator `monitoring`", kubernetes: "install metrics-server" },
  },
  monitoring: {
    kinds: kinds("monitoring.coreos.com/v1", "podmonitors", "prometheusrules"),
    install: {
      openshift: "enable monitoring of user-defined projects (enableUserWorkload: true)",
      kubernetes: "install the Prometheus Operator (kube-prometheus-stack)",
    },
  },
  verticalPodAutoscaler: {
    kinds: kinds("autoscaling.k8s.io/v1", "verticalpodautoscalers"),
    install: { openshift: "install the VerticalPodAutoscaler operator", kubernetes: "install the Vertical Pod Autoscaler, its recommender at least" },
  },
  volumeSnapshots: {
    kinds: kinds("snapshot.storage.k8s.io/v1", "volumesnapshotclasses"),
    install: everywhere("install the CSI snapshot controller with its CRDs, and a CSI driver that takes snapshots"),
  },
};
