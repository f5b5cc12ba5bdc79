/** Traefik as the controller of the Gateway API: in kube-system on Kubernetes; on OpenShift in openshift-ingress, under the class that OpenShift's own has. */
import type { KubeObject } from "../api";
import type { Platform } from "../types";
import { clusterRole, clusterRoleBinding, containerSecurity, deployment, namespace, resources, serviceAccount, systemNamespace } from "./common";

const name = "traefik";

/** Where it runs, and the name of its GatewayClass. */
export function gatewayPlace(platform: Platform): { readonly namespace: string; readonly gatewayClass: string } {
  return platform === "openshift"
    ? { namespace: "openshift-ingress", gatewayClass: "openshift-default" }
    : { namespace: systemNamespace, gatewayClass: "traefik" };
}

// Network policies of the platform select the router by these.
const routerLabels = { "network.openshift.io/policy-group": "ingress", "policy-group.network.openshift.io/ingress": "" };

const routes = ["gatewayclasses", "gateways", "httproutes", "grpcroutes", "tcproutes", "tlsroutes", "referencegrants", "backendtlspolicies"];

export function gateway(platform: Platform, image: string): KubeObject[] {
  const { namespace: ns, gatewayClass } = gatewayPlace(platform);
  const labels = { "app.kubernetes.io/name": name };
  return [
    ...(platform === "openshift" ? [namespace(ns, routerLabels)] : []),
    serviceAccount(name, ns),
    clusterRole(name, [
      { apiGroups: [""], resources: ["namespaces"], verbs: ["list", "watch"] },
      { apiGroups: [""], resources: ["services", "secrets", "configmaps"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
      { apiGroups: ["gateway.networking.k8s.io"], resources: routes, verbs: ["get", "list", "watch"] },
      { apiGroups: ["gateway.networking.k8s.io"], resources: routes.map((route) => `${route}/status`), verbs: ["update"] },
    ]),
    clusterRoleBinding(name, name, { account: name, namespace: ns }),
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "GatewayClass",
      metadata: { name: gatewayClass },
      spec: { controllerName: "traefik.io/gateway-controller" },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: ns, labels },
      spec: {
        selector: labels,
        ports: [
          { name: "web", port: 80, targetPort: "web" },
          { name: "websecure", port: 443, targetPort: "websecure" },
        ],
      },
    },
    deployment(name, ns, labels, {
      serviceAccountName: name,
      containers: [
        {
          name,
          image,
          args: [
            // The ports of listeners are those of the entry points; containerd lets any user bind them in a pod.
            "--entrypoints.web.address=:80",
            "--entrypoints.websecure.address=:443",
            "--entrypoints.health.address=:8081",
            "--ping.entrypoint=health",
            "--providers.kubernetesgateway=true",
            `--providers.kubernetesgateway.statusaddress.service.name=${name}`,
            `--providers.kubernetesgateway.statusaddress.service.namespace=${ns}`,
            "--global.checknewversion=false",
            "--global.sendanonymoususage=false",
          ],
          ports: [
            { name: "web", containerPort: 80 },
            { name: "websecure", containerPort: 443 },
          ],
          resources: resources("50m", "70Mi", "250Mi"),
          securityContext: containerSecurity,
          readinessProbe: { httpGet: { path: "/ping", port: 8081 }, periodSeconds: 2 },
          livenessProbe: { httpGet: { path: "/ping", port: 8081 }, periodSeconds: 10 },
        },
      ],
    }),
  ];
}
