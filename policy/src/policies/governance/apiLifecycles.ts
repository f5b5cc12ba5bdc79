/**
 * Kubernetes' API versions that are deprecated or gone: from the life cycle that k8s.io/api v0.36.3 states of its types (`APILifecycleDeprecated`, `APILifecycleRemoved`), and,
 * for types that it no longer has, from Kubernetes' deprecated API migration guide.
 */
export interface ApiLifecycle {
  readonly deprecated: string;
  readonly removed: string;
  readonly use?: string;
}

/** By `group/version Kind`. */
export const apiLifecycles: ReadonlyMap<string, ApiLifecycle> = new Map(
  (
    [
      ["admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicy", "1.35", "1.38"],
      ["admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicyBinding", "1.35", "1.38"],
      ["admissionregistration.k8s.io/v1alpha1 ValidatingAdmissionPolicy", "1.29", "1.32"],
      ["admissionregistration.k8s.io/v1alpha1 ValidatingAdmissionPolicyBinding", "1.29", "1.32"],
      ["admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicy", "1.37", "1.40", "admissionregistration.k8s.io/v1"],
      ["admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicyBinding", "1.37", "1.40", "admissionregistration.k8s.io/v1"],
      ["admissionregistration.k8s.io/v1beta1 MutatingWebhookConfiguration", "1.16", "1.22", "admissionregistration.k8s.io/v1"],
      ["admissionregistration.k8s.io/v1beta1 ValidatingAdmissionPolicy", "1.31", "1.34"],
      ["admissionregistration.k8s.io/v1beta1 ValidatingAdmissionPolicyBinding", "1.31", "1.34"],
      ["admissionregistration.k8s.io/v1beta1 ValidatingWebhookConfiguration", "1.16", "1.22", "admissionregistration.k8s.io/v1"],
      ["apiextensions.k8s.io/v1beta1 CustomResourceDefinition", "1.16", "1.22", "apiextensions.k8s.io/v1"],
      ["apiregistration.k8s.io/v1beta1 APIService", "1.19", "1.22", "apiregistration.k8s.io/v1"],
      ["apps/v1beta1 Deployment", "1.8", "1.16", "apps/v1"],
      ["apps/v1beta1 StatefulSet", "1.8", "1.16", "apps/v1"],
      ["apps/v1beta2 DaemonSet", "1.9", "1.16", "apps/v1"],
      ["apps/v1beta2 Deployment", "1.9", "1.16", "apps/v1"],
      ["apps/v1beta2 ReplicaSet", "1.9", "1.16", "apps/v1"],
      ["apps/v1beta2 StatefulSet", "1.9", "1.16", "apps/v1"],
      ["autoscaling/v2beta1 HorizontalPodAutoscaler", "1.22", "1.25", "autoscaling/v2"],
      ["autoscaling/v2beta2 HorizontalPodAutoscaler", "1.23", "1.26", "autoscaling/v2"],
      ["batch/v1beta1 CronJob", "1.21", "1.25", "batch/v1"],
      ["certificates.k8s.io/v1alpha1 ClusterTrustBundle", "1.34", "1.37"],
      ["certificates.k8s.io/v1beta1 ClusterTrustBundle", "1.37", "1.40"],
      ["extensions/v1beta1 DaemonSet", "1.8", "1.16", "apps/v1"],
      ["extensions/v1beta1 Deployment", "1.8", "1.16", "apps/v1"],
      ["extensions/v1beta1 Ingress", "1.14", "1.22", "networking.k8s.io/v1"],
      ["extensions/v1beta1 NetworkPolicy", "1.9", "1.16", "networking.k8s.io/v1"],
      ["extensions/v1beta1 ReplicaSet", "1.8", "1.16", "apps/v1"],
      ["flowcontrol.apiserver.k8s.io/v1beta1 FlowSchema", "1.23", "1.26", "flowcontrol.apiserver.k8s.io/v1beta3"],
      ["flowcontrol.apiserver.k8s.io/v1beta1 PriorityLevelConfiguration", "1.23", "1.26", "flowcontrol.apiserver.k8s.io/v1beta3"],
      ["flowcontrol.apiserver.k8s.io/v1beta2 FlowSchema", "1.26", "1.29", "flowcontrol.apiserver.k8s.io/v1beta3"],
      ["flowcontrol.apiserver.k8s.io/v1beta2 PriorityLevelConfiguration", "1.26", "1.29", "flowcontrol.apiserver.k8s.io/v1beta3"],
      ["flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema", "1.29", "1.32", "flowcontrol.apiserver.k8s.io/v1"],
      ["flowcontrol.apiserver.k8s.io/v1beta3 PriorityLevelConfiguration", "1.29", "1.32", "flowcontrol.apiserver.k8s.io/v1"],
      ["networking.k8s.io/v1beta1 Ingress", "1.19", "1.22", "networking.k8s.io/v1"],
      ["networking.k8s.io/v1beta1 IngressClass", "1.19", "1.22", "networking.k8s.io/v1"],
      ["networking.k8s.io/v1beta1 ServiceCIDR", "1.34", "1.37"],
      ["node.k8s.io/v1beta1 RuntimeClass", "1.22", "1.25"],
      ["policy/v1beta1 PodDisruptionBudget", "1.21", "1.25", "policy/v1"],
      ["policy/v1beta1 PodSecurityPolicy", "1.21", "1.25"],
      ["rbac.authorization.k8s.io/v1beta1 ClusterRole", "1.17", "1.22", "rbac.authorization.k8s.io/v1"],
      ["rbac.authorization.k8s.io/v1beta1 ClusterRoleBinding", "1.17", "1.22", "rbac.authorization.k8s.io/v1"],
      ["rbac.authorization.k8s.io/v1beta1 Role", "1.17", "1.22", "rbac.authorization.k8s.io/v1"],
      ["rbac.authorization.k8s.io/v1beta1 RoleBinding", "1.17", "1.22", "rbac.authorization.k8s.io/v1"],
      ["resource.k8s.io/v1alpha3 DeviceTaintRule", "1.36", "1.39"],
      ["resource.k8s.io/v1beta1 DeviceClass", "1.35", "1.38"],
      ["resource.k8s.io/v1beta1 ResourceClaim", "1.35", "1.38"],
      ["resource.k8s.io/v1beta1 ResourceClaimTemplate", "1.35", "1.38"],
      ["resource.k8s.io/v1beta2 DeviceClass", "1.36", "1.39"],
      ["resource.k8s.io/v1beta2 DeviceTaintRule", "1.39", "1.42"],
      ["resource.k8s.io/v1beta2 ResourceClaim", "1.36", "1.39"],
      ["resource.k8s.io/v1beta2 ResourceClaimTemplate", "1.36", "1.39"],
      ["scheduling.k8s.io/v1beta1 PriorityClass", "1.14", "1.22", "scheduling.k8s.io/v1"],
      ["storage.k8s.io/v1alpha1 VolumeAttributesClass", "1.32", "1.35", "storage.k8s.io/v1"],
      ["storage.k8s.io/v1beta1 CSIDriver", "1.19", "1.22", "storage.k8s.io/v1"],
      ["storage.k8s.io/v1beta1 StorageClass", "1.19", "1.22", "storage.k8s.io/v1"],
      ["storage.k8s.io/v1beta1 VolumeAttributesClass", "1.34", "1.37", "storage.k8s.io/v1"],
    ] as const
  ).map(([name, deprecated, removed, use]) => [name, { deprecated, removed, ...(use === undefined ? {} : { use }) }]),
);

/** Versions of other projects' APIs that their newest releases no longer serve, or warn of. */
export const otherLifecycles: ReadonlyMap<string, string> = new Map([
  ["tekton.dev/v1alpha1", "tekton.dev/v1"],
  ["tekton.dev/v1beta1", "tekton.dev/v1"],
  ["gateway.networking.k8s.io/v1alpha1", "gateway.networking.k8s.io/v1"],
  ["gateway.networking.k8s.io/v1beta1", "gateway.networking.k8s.io/v1"],
  ["snapshot.storage.k8s.io/v1beta1", "snapshot.storage.k8s.io/v1"],
  ["cert-manager.io/v1alpha2", "cert-manager.io/v1"],
]);
